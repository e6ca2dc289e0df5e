"""How far a training has come: its epoch and its history."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from kzoo.metrics.table import Metric


@dataclass
class Progress:
    """What a resumed training must know beside the weights.

    `loss_sum` and `batches` run from the first epoch on: the reports' "training loss" of epoch e is the mean
    over all batches of epochs 1..e (`train_loss_running`), for the course's skeleton never reset its list.
    """

    epoch: int = 0
    loss_sum: float = 0.0
    batches: int = 0
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
            **{f"validation_{name}": value for name, value in validation.items()},
        }
        self.history.append(row)
        return row

    def best(self, criterion: Metric) -> dict[str, float]:
        """The row of the first epoch that none surpassed, by this metric of the validation set."""
        sign = -1 if criterion.higher_is_better else 1
        return min(self.history, key=lambda row: sign * row[f"validation_{criterion.name}"])

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; floats keep every bit in JSON's shortest form."""
        return asdict(self)
