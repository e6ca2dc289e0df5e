"""What both contestants of a training race are to do."""

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
    """A recipe to train, and how much of it.

    A round is `steps` batches, or a whole epoch and all that belongs to it where `steps` is None. `options`
    are those of the model's builder, resolved: kzoo finds them, the reference is told.
    """

    recipe: Recipe
    data_dir: Path | None
    against: Path
    steps: int | None
    rounds: int
    options: dict[str, Any] = {}

    def orders(self, examples: Examples) -> Iterator[np.ndarray]:
        """The examples of each round, int32; before rounds of steps comes a single batch."""
        training = self.recipe.training
        if self.steps is not None:
            yield epoch_order(training, 0, examples)[: training.batch_size]
        for epoch in range(1, self.rounds + 1):
            order = epoch_order(training, epoch, examples)
            if self.steps is not None:
                order = np.resize(order, self.steps * training.batch_size)
            elif training.drop_last:
                order = order[: len(examples) // training.batch_size * training.batch_size]
            yield order
