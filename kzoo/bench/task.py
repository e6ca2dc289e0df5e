"""The tasks of the workers of a race."""

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
    """A recipe to train, the keys that were changed in it, and the number and length of the rounds.

    A round is `steps` batches, or a whole epoch with its validation if `steps` is None. kzoo determines the
    `options` of the model's builder and the `kind` of the experiment, and passes them to the reference.
    `handover` is the folder of the files that kzoo hands over (see `kzoo.bench.handover`). `threads` is the
    reference's number of threads, PyTorch's default if None.
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
        """Yield the examples of each round, int32; a single batch precedes rounds of steps."""
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
        """Cut an order to whole batches, or keep all of it if it is shorter than one batch."""
        batch_size = self.recipe.training.batch_size
        return order[: max(1, len(order) // batch_size) * batch_size]


class DecodingTask(BaseModel):
    """A run whose test sources are decoded.

    In each round the first `batched` sources are decoded in batches. The reference then decodes the first
    `single` sources again, one at a time. `beam` is the width of kzoo's beam search. `handover` and `threads`
    are those of `TrainingTask`.
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


class BatchSizeTask(BaseModel):
    """A recipe whose speed is measured with batches of rising size, the first of them the recipe's own."""

    recipe: Recipe
    data_dir: Path | None
    require_data: bool

    def starting_at(self, size: int) -> BatchSizeTask:
        """Return the task with another first batch size."""
        return self.model_copy(update={"recipe": self.recipe.with_values("training", batch_size=size)})


TASKS: dict[str, type[BaseModel]] = {
    "train": TrainingTask,
    "decode": DecodingTask,
    "batch_size": BatchSizeTask,
}
"""The tasks by the name of their race, which is also the name of the workers' function."""
