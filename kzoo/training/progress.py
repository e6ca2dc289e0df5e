"""The progress of a training: its epoch and its history."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from kzoo.metrics.table import Metric


@dataclass
class Progress:
    """The progress of a training, which a checkpoint saves besides the weights.

    `loss_sum` and `batches` accumulate from the first epoch: the reports' "training loss" of epoch e is the
    mean over all batches of epochs 1..e (`train_loss_running`), because the skeleton code of the course never
    reset its list.
    """

    epoch: int = 0
    loss_sum: float = 0.0
    batches: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    def record(
        self, loss_sum: float, batches: int, validation: dict[str, float], seconds: float
    ) -> dict[str, float]:
        """Record a completed epoch and return its row of the history."""
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
        """Return the row of the best epoch by a validation metric, the earliest one of equals."""
        sign = -1 if criterion.higher_is_better else 1
        return min(self.history, key=lambda row: sign * row[f"validation_{criterion.name}"])

    def ran_out(self, patience: int | None, criterion: Metric) -> bool:
        """Whether the last `patience` epochs did not surpass the best epoch before them; None never does."""
        if patience is None or not self.history:
            return False
        return self.epoch - self.best(criterion)["epoch"] >= patience

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values; JSON's shortest form of a float keeps every bit."""
        return asdict(self)
