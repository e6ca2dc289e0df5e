"""The schemas of the JSON files of a run folder; a file may hold more keys."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Document(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class DataRecord(_Document):
    """The record of the data that a run was trained on."""

    name: str
    location: str
    stand_in: bool
    sizes: dict[str, int]
    sha256: str


class InitialRecord(_Document):
    """The record of the initial weights that a run took from another one.

    `model`, `epoch` and `sha256`, the hash of the model's file, identify the other run's model. `whole` are
    the paths of the weights that were taken, `partly` those of which only some rows were, with their number,
    and `drawn` those that the seed drew, with the reason.
    """

    run: str
    model: str
    epoch: int | None
    sha256: str
    whole: list[str]
    partly: dict[str, str]
    drawn: dict[str, str]

    @property
    def summary(self) -> str:
        """The number of weights that were taken as they are, and where from."""
        total = len(self.whole) + len(self.partly) + len(self.drawn)
        return f"{len(self.whole)} of {total} weights from {self.run} ({self.model} after epoch {self.epoch})"


class Environment(_Document):
    """The schema of environment.json: the software, device, data and published recipe of a run.

    `initial` is None if all weights were drawn from the seed.
    """

    backend: str
    device: str
    versions: dict[str, str]
    data: DataRecord
    reference: dict[str, Any]
    initial: InitialRecord | None = None


class Comparison(_Document):
    """The published figures that a run is compared with; None if it cannot be compared."""

    published: dict[str, float] | None


class Metrics(_Document):
    """The schema of metrics.json: the metrics of a finished run.

    `stopped` is the reason why the run was stopped after `epochs`, before the last epoch of its recipe.
    """

    recipe: str
    parameters: int
    epochs: int
    tested_epoch: int
    stopped: str | None = None
    seconds: float
    data: DataRecord
    test: dict[str, Any]
    comparison: Comparison
