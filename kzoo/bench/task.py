"""What the workers of a race are to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from kzoo.recipe import Recipe
from kzoo.training.examples import Examples
from kzoo.training.order import epoch_order


class TrainingTask(BaseModel):
    """A recipe to train, the keys that were changed in it, and how much of it.

    A round is `steps` batches, or a whole epoch and all that belongs to it where `steps` is None. kzoo finds
    the `options` of the model's builder, and the `kind` of the experiment; the reference is told, and finds
    what kzoo hands it in the folder `handover` (`kzoo.bench.handover`). `threads` are those that the
    reference computes with, as many as PyTorch takes by itself if None.
    """

    recipe: Recipe
    changed: list[str] = []
    data_dir: Path | None
    against: Path | None
    steps: int | None
    rounds: int
    handover: Path = Path()
    options: dict[str, Any] = {}
    kind: str = "images"
    threads: int | None = None

    def orders(self, examples: Examples) -> Iterator[np.ndarray]:
        """The examples of each round, int32; before rounds of steps comes a single batch."""
        training = self.recipe.training
        if self.steps is not None:
            yield epoch_order(training, 0, examples)[: training.batch_size]
        for epoch in range(1, self.rounds + 1):
            order = epoch_order(training, epoch, examples)
            if self.steps is not None:
                order = np.resize(self._whole_batches(order), self.steps * training.batch_size)
            elif training.drop_last:
                order = self._whole_batches(order)
            yield order

    def _whole_batches(self, order: np.ndarray) -> np.ndarray:
        batch_size = self.recipe.training.batch_size
        return order[: max(1, len(order) // batch_size) * batch_size]


class DecodingTask(BaseModel):
    """A run whose test sources are decoded.

    A round is the first `batched` of them in batches, and by the reference the first `single` once more, one
    after the other. `handover` is the folder for what kzoo hands the reference, `beam` the width of kzoo's
    beam search, `threads` those of the reference as in `TrainingTask`.
    """

    run: Path
    data_dir: Path | None
    against: Path | None
    backend: str
    batched: int
    single: int
    beam: int
    rounds: int
    handover: Path = Path()
    model: str = ""
    options: dict[str, Any] = {}
    kind: str = "pairs"
    threads: int | None = None


TASKS: dict[str, type[BaseModel]] = {"train": TrainingTask, "decode": DecodingTask}
"""The tasks by the name of their race, which is that of the workers' functions too."""
