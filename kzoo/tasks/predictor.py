"""What the models of runs say about a user's own inputs: one interface for all tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kzoo.decoding.options import Decoding
from kzoo.errors import DataError, KzooError, UsageError
from kzoo.tasks import epoch_of
from kzoo.training.run import Checkpoint, RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHUNK = 256
"""Inputs that are read before they are answered: thousands of files need not fit into memory."""


@dataclass(frozen=True)
class Answer:
    """A class with its probability, or a text with its score.

    The score is a log-probability; that of a beam is divided by its length penalty.
    """

    text: str
    score: float


@dataclass(frozen=True)
class Prediction:
    """The answers to an input, best first; `error` says why an input that cannot be read has none.

    `unknown` are the tokens of the input that the training data did not have.
    """

    source: str
    answers: tuple[Answer, ...] = ()
    unknown: tuple[str, ...] = ()
    error: KzooError | None = None


Answers = Callable[[Sequence[Any]], Sequence[Sequence[Answer]]]
"""All answers to some inputs that were read, best first."""


class Predictor(ABC):
    """The models of one or several runs.

    Args:
        runs: of one task; several are decoded together.
        checkpoint: which model of each; None takes the one that its recipe says is tested.

    Raises:
        UsageError: the runs do not go together.
        DataError: a file of a run is missing or damaged.
    """

    INPUTS: ClassVar[str]
    """What a user's inputs are, in the plural."""

    SUFFIXES: ClassVar[frozenset[str]] = frozenset()
    """The files of a folder that are inputs; none where inputs are texts."""

    TOP: ClassVar[int] = 1
    """How many answers are shown if a user does not say."""

    KEYS: ClassVar[tuple[str, str, str]] = ("source", "text", "score")
    """What an input, an answer and its score are called in JSON and CSV."""

    HEADS: ClassVar[tuple[str, str, str]] = ("read", "written", "score")
    """What they are called in a table."""

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        self.run, self.recipe, self.data = runs[0], runs[0].recipe(), runs[0].environment()["data"]
        chosen = [checkpoint or run.recipe().training.tested_epoch for run in runs]
        self.models = [run.load_model(name) for run, name in zip(runs, chosen, strict=True)]
        self.title = "; ".join(map(_title, runs, chosen))

    @abstractmethod
    def read(self, source: str) -> Any:
        """An input, a text or the path of a file, as the models read it.

        Raises:
            UsageError: a text that is none.
            DataError: a file that cannot be read.
        """

    @abstractmethod
    def compile(self, decoding: Decoding | None) -> Answers:
        """A function that answers inputs that were read.

        Raises:
            UsageError: the models do not decode.
        """

    @abstractmethod
    def draw_attention(self, source: str) -> Figure:
        """A picture of what each token that is written about an input attends to.

        Raises:
            UsageError: the model has no attention, or see `read`.
            DataError: see `read`.
        """

    def unknown(self, read: Any) -> tuple[str, ...]:
        """The tokens of an input that the training data did not have."""
        return ()

    def remarks(self, sources: Sequence[str]) -> list[str]:
        """What is to be said of how inputs are read, a line each.

        Raises:
            DataError: a file cannot be read.
        """
        return []

    def predict(
        self, sources: Sequence[str | None], decoding: Decoding | None = None, top: int | None = None
    ) -> Iterator[Prediction]:
        """The first `top` answers to each input, in order; None stands for a gap, which has no answer.

        Raises:
            UsageError: the models do not decode.
        """
        answer, count = self.compile(decoding), top or self.TOP
        for start in range(0, len(sources), CHUNK):
            chunk = [self._try(source) for source in sources[start : start + CHUNK]]
            read = [found for _, found in chunk if found is not None]
            answers = iter(answer(read) if read else ())
            for prediction, found in chunk:
                if found is None:
                    yield prediction
                else:
                    shown = tuple(next(answers)[:count])
                    yield Prediction(prediction.source, shown, self.unknown(found))

    def to_json(self, prediction: Prediction) -> dict[str, Any]:
        """A prediction, ready for JSON."""
        source, text, score = self.KEYS
        error = {"error": str(prediction.error)} if prediction.error else {}
        return {
            source: prediction.source,
            "unknown": list(prediction.unknown),
            "predictions": [{text: answer.text, score: answer.score} for answer in prediction.answers],
            **error,
        }

    def _try(self, source: str | None) -> tuple[Prediction, Any]:
        """An input as it was read, None if it cannot be."""
        if source is None:
            return Prediction(""), None
        try:
            return Prediction(source), self.read(source)
        except (UsageError, DataError) as error:
            return Prediction(source, error=error), None


def _title(run: RunFolder, checkpoint: Checkpoint) -> str:
    epoch = epoch_of(run, checkpoint)
    return f"{run.path.name}, {checkpoint} model" + (f" (epoch {epoch})" if epoch else "")
