"""How far a training has come: its epoch, its history and its best epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

HISTORY_COLUMNS = ("epoch", "train_loss", "train_loss_running", "validation_loss", "validation_accuracy")


@dataclass
class Progress:
    """What a resumed training must know beside the weights.

    `loss_sum` and `batches` run from the first epoch on: the reports' "training loss" of epoch e is the mean
    over all batches of epochs 1..e (`train_loss_running`), for the course's skeleton never reset its list.
    """

    epoch: int = 0
    loss_sum: float = 0.0
    batches: int = 0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    def record(
        self, loss_sum: float, batches: int, validation: dict[str, float], seconds: float
    ) -> dict[str, float]:
        """Close an epoch and return its row of the history."""
        self.epoch += 1
        self.loss_sum += loss_sum
        self.batches += batches
        self.seconds += seconds
        row = {
            "epoch": self.epoch,
            "train_loss": loss_sum / batches,
            "train_loss_running": self.loss_sum / self.batches,
            "validation_loss": validation["loss"],
            "validation_accuracy": validation["accuracy"],
        }
        self.history.append(row)
        if row["validation_accuracy"] > self.best_accuracy:
            self.best_epoch, self.best_accuracy = self.epoch, row["validation_accuracy"]
        return row

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; floats keep every bit in JSON's shortest form."""
        return asdict(self)
