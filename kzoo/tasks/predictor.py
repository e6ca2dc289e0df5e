"""The predictor interface: predictions of trained models for a user's own inputs, alike for all tasks."""

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
"""The number of inputs read at a time, so that thousands of files need not fit into memory."""


@dataclass(frozen=True)
class Answer:
    """A class with its probability, or a text with its score.

    The score of a text is its log-probability; beam search divides it by the length penalty.
    """

    text: str
    score: float


@dataclass(frozen=True)
class Prediction:
    """The answers to an input, best first, or the `error` of an input that cannot be read.

    `unknown` are the tokens of the input that the training data did not have.
    """

    source: str
    answers: tuple[Answer, ...] = ()
    unknown: tuple[str, ...] = ()
    error: KzooError | None = None


Answers = Callable[[Sequence[Any]], Sequence[Sequence[Answer]]]
"""A function from inputs, as `Predictor.read` returns them, to all answers to each input, best first."""


class Predictor(ABC):
    """The base class of predictors, which apply the models of one or several runs to a user's inputs.

    Args:
        runs: runs of one task; several are decoded as an ensemble.
        checkpoint: the checkpoint of each run; None takes the one that its recipe says is tested.

    Raises:
        UsageError: the runs cannot be decoded together.
        DataError: a file of a run is missing or damaged.
    """

    INPUTS: ClassVar[str]
    """The word for a user's inputs, in the plural."""

    SUFFIXES: ClassVar[frozenset[str]] = frozenset()
    """The suffixes of the files of a folder that are inputs; empty if inputs are texts."""

    TOP: ClassVar[int] = 1
    """The default number of answers shown."""

    KEYS: ClassVar[tuple[str, str, str]] = ("source", "text", "score")
    """The names of an input, an answer and its score in JSON and CSV."""

    HEADS: ClassVar[tuple[str, str, str]] = ("read", "written", "score")
    """The column headings of an input, an answer and its score in a printed table."""

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        self.run, self.recipe, self.data = runs[0], runs[0].recipe(), runs[0].environment()["data"]
        chosen = [checkpoint or run.recipe().training.tested_epoch for run in runs]
        self.models = [run.load_model(name) for run, name in zip(runs, chosen, strict=True)]
        self.title = "; ".join(map(_title, runs, chosen))

    @abstractmethod
    def read(self, source: str) -> Any:
        """Read an input, given as a text or as the path of a file, in the form that the models take.

        Raises:
            UsageError: the text is not UTF-8 or has no tokens.
            DataError: the file cannot be read.
        """

    @abstractmethod
    def compile(self, decoding: Decoding | None) -> Answers:
        """Return a function that answers inputs, as `read` returns them.

        Raises:
            UsageError: a decoding method is given, but the models are not sequence models.
        """

    @abstractmethod
    def draw_attention(self, source: str) -> Figure:
        """Draw the attention of each predicted token over an input.

        Raises:
            UsageError: the model has no attention, or `read` raised it.
            DataError: `read` raised it.
        """

    def unknown(self, read: Any) -> tuple[str, ...]:
        """Return the tokens of an input, as `read` returned it, that the training data did not have."""
        return ()

    def remarks(self, sources: Sequence[str]) -> list[str]:
        """Return remarks about how inputs are read, such as which are cut, one line each.

        Raises:
            DataError: a file cannot be read.
        """
        return []

    def predict(
        self, sources: Sequence[str | None], decoding: Decoding | None = None, top: int | None = None
    ) -> Iterator[Prediction]:
        """Yield the prediction of each input in order, with its `top` best answers.

        A source of None stands for an empty input, whose prediction has no answers.

        Raises:
            UsageError: a decoding method is given, but the models are not sequence models.
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
        """Return a prediction in the types of JSON."""
        source, text, score = self.KEYS
        error = {"error": str(prediction.error)} if prediction.error else {}
        return {
            source: prediction.source,
            "unknown": list(prediction.unknown),
            "predictions": [{text: answer.text, score: answer.score} for answer in prediction.answers],
            **error,
        }

    def _try(self, source: str | None) -> tuple[Prediction, Any]:
        """Return a prediction without answers and the input that was read, None if it cannot be read."""
        if source is None:
            return Prediction(""), None
        try:
            return Prediction(source), self.read(source)
        except (UsageError, DataError) as error:
            return Prediction(source, error=error), None


def _title(run: RunFolder, checkpoint: Checkpoint) -> str:
    epoch = epoch_of(run, checkpoint)
    return f"{run.path.name}, {checkpoint} model" + (f" (epoch {epoch})" if epoch else "")
