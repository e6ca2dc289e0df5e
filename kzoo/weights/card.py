"""Cards of shipped weights: where they come from, what they achieve, and what they cannot do."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from kzoo import shipped
from kzoo.data.errors import unreadable
from kzoo.errors import UsageError
from kzoo.metrics.table import Metric
from kzoo.names import suggestion
from kzoo.recipe import Figure
from kzoo.tasks import criterion
from kzoo.training import packed
from kzoo.training.packed import Precision


class Card(BaseModel, frozen=True, extra="forbid"):
    """The card of shipped weights.

    Args:
        name: the name by which they are opened.
        model: the model of the zoo.
        data: the published data set that they were trained on.
        licence: the licence of this set.
        recipe: the name of the recipe; the whole recipe is in the same folder.
        seed: the seed of the training.
        backend: the backend of the training.
        versions: the versions of the packages that trained them.
        commit: the commit of kzoo that trained them, if it is known.
        sha256: the checksum of the file of the weights, as `sha256:...`.
        precision: the type of the numbers in the file; the loaded model is float32.
        parameters: the number of trainable parameters.
        figures: the metrics on the validation and the test set, measured with the weights in the file.
        limits: what the weights are known not to do.
    """

    name: str
    model: str
    data: str
    licence: str
    recipe: str
    seed: int
    backend: str
    versions: dict[str, str]
    commit: str | None
    sha256: str
    precision: Precision
    parameters: int
    figures: dict[Figure, float]
    limits: str

    @property
    def file(self) -> Path:
        """The file of the weights."""
        return shipped.FOLDER / self.name / packed.FILE

    @property
    def main_figure(self) -> tuple[Metric, float]:
        """The metric that compares epochs of the model, and its value on the test set."""
        metric = criterion(self.model)
        return metric, self.figures[f"test_{metric.name}"]


def load_card(name: str) -> Card:
    """Load the card of shipped weights.

    Raises:
        UsageError: no shipped weights have this name.
        DataError: the card is damaged.
    """
    known = shipped.list_weights()
    if name not in known:
        raise UsageError(f"no weights called {name!r} come with kzoo; {suggestion(name, known)}")
    path = shipped.FOLDER / name / shipped.CARD
    try:
        return Card.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise unreadable(path, error.errors()[0]["msg"]) from error
