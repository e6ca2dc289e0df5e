"""The predictor interface: predictions of trained models for a user's own inputs, alike for all tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, overload

import numpy as np

from kzoo.data.data_set import DataSet, DataSplit
from kzoo.data.origin import Origin
from kzoo.data.splits import SPLITS
from kzoo.decoding.options import Decoding, Method
from kzoo.errors import DataError, KzooError, UsageError
from kzoo.names import suggestion
from kzoo.tasks import epoch_of, experiment_type
from kzoo.tasks.vocabularies import Vocabularies
from kzoo.training.run import Checkpoint, RunFolder

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure
    from PIL import Image

    from kzoo.tasks.experiment import Evaluation, Experiment

Input: TypeAlias = "str | Path | Image.Image | np.ndarray | tuple[np.ndarray, int]"
"""A text, or a file, image or recording in one of the forms that `kzoo.load` lists."""

Example: TypeAlias = "tuple[Input, str | Sequence[str]]"
"""An input with its class or its reference text; an image may have several reference captions."""

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

    `source` is the text or the path, or the type and the size of an image or array. `unknown` are the tokens
    of the input that the training data did not have.
    """

    source: str
    answers: tuple[Answer, ...] = ()
    unknown: tuple[str, ...] = ()
    error: KzooError | None = None


@dataclass(frozen=True, eq=False)
class Attention:
    """The attention of each token of a greedily decoded output over its input.

    `target` are the output tokens, and `end` if the end token was reached. `source` names the parts of the
    input: the tokens of a text, "row,column" of each region of an image, or the seconds at which each part of
    a recording begins. `weights` are `(target, source)` in float32.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: np.ndarray


Answers = Callable[[Sequence[Any]], Sequence[Sequence[Answer]]]
"""A function from inputs, as `Predictor.read` returns them, to all answers to each input, best first."""


class Predictor(ABC):
    """The base class of predictors, which apply the models of one or several runs to a user's inputs.

    `recipe`, `data` and `model` are the recipe, the recorded data and the Keras model of the first run.

    Args:
        runs: runs of one task; several are decoded as an ensemble.
        checkpoint: the checkpoint of each run; None takes the one that its recipe says is tested.

    Raises:
        UsageError: the runs cannot be decoded together.
        DataError: a file of a run is missing or damaged.
    """

    INPUTS: ClassVar[str]
    """The word for a user's inputs, in the plural."""

    FORMS: ClassVar[str]
    """The forms in which Python code may give an input."""

    SUFFIXES: ClassVar[frozenset[str]] = frozenset()
    """The suffixes of the files of a folder that are inputs; empty if inputs are texts."""

    TOP: ClassVar[int] = 1
    """The default number of answers shown."""

    KEYS: ClassVar[tuple[str, str, str]] = ("source", "text", "score")
    """The names of an input, an answer and its score in JSON and CSV."""

    HEADS: ClassVar[tuple[str, str, str]] = ("read", "written", "score")
    """The column headings of an input, an answer and its score in a printed table."""

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        self.runs = runs
        self.run, self.recipe, self.data = runs[0], runs[0].recipe(), runs[0].environment()["data"]
        chosen = [checkpoint or run.recipe().training.tested_epoch for run in runs]
        self.models = [run.load_model(name) for run, name in zip(runs, chosen, strict=True)]
        self.title = "; ".join(map(_title, runs, chosen))
        self.tested = {
            "checkpoint": chosen[0] if len(set(chosen)) == 1 else "tested",
            "epochs": list(map(epoch_of, runs, chosen)),
        }
        self._compiled: dict[Decoding | None, Answers] = {}

    @property
    def model(self) -> keras.Model:
        """The Keras model of the first run."""
        return self.models[0]

    @property
    @abstractmethod
    def vocabulary(self) -> tuple[str, ...] | Vocabularies:
        """The class names of a classifier, or the vocabularies of a sequence model."""

    @abstractmethod
    def read(self, source: Input) -> Any:
        """Read an input in the form that the models take.

        Raises:
            UsageError: the text is not UTF-8 or has no tokens, or the input is of another kind.
            DataError: the file cannot be read.
        """

    @abstractmethod
    def compile(self, decoding: Decoding | None) -> Answers:
        """Return a function that answers inputs, as `read` returns them.

        Raises:
            UsageError: a decoding method is given, but the models are not sequence models.
        """

    @abstractmethod
    def attention(self, source: Input) -> Attention:
        """Return the attention weights of the greedily decoded tokens of an input.

        >>> kzoo.load("runs/nmt-bilinear-20261121-113000").attention("no tengo blanca .").weights

        Raises:
            UsageError: the model has no attention, or `read` raised it.
            DataError: `read` raised it.
        """

    @abstractmethod
    def draw_attention(self, source: Input) -> Figure:
        """Draw the attention of each predicted token over an input. Raises as `attention`."""

    @abstractmethod
    def data_set(self, examples: Sequence[Example]) -> DataSet[Any]:
        """Return a data set whose test split holds examples.

        Raises:
            UsageError: a class is unknown, or `read` raised it.
            DataError: `read` raised it.
        """

    def unknown(self, read: Any) -> tuple[str, ...]:
        """Return the tokens of an input, as `read` returned it, that the training data did not have."""
        return ()

    def remarks(self, sources: Sequence[Input]) -> list[str]:
        """Return remarks about how inputs are read, such as which are cut, one line each.

        Raises:
            DataError: a file cannot be read.
        """
        return []

    def is_one(self, inputs: object) -> bool:
        """Return whether `inputs` is a single input."""
        return isinstance(inputs, str | Path)

    @overload
    def predict(  # type: ignore[overload-overlap]  # a text is an iterable of texts
        self,
        inputs: str | Path | np.ndarray | tuple[np.ndarray, int],
        decoding: Decoding | Method | None = None,
        top: int | None = None,
    ) -> Prediction: ...

    @overload
    def predict(
        self,
        inputs: Iterable[Input | None],
        decoding: Decoding | Method | None = None,
        top: int | None = None,
    ) -> list[Prediction]: ...

    @overload
    def predict(
        self, inputs: Image.Image, decoding: Decoding | Method | None = None, top: int | None = None
    ) -> Prediction: ...

    def predict(
        self, inputs: Any, decoding: Decoding | Method | None = None, top: int | None = None
    ) -> Prediction | list[Prediction]:
        """Predict the classes or texts of one input, or of several in order.

        >>> kzoo.load("runs/fashion-cnn-20261121-101500").predict("shoe.png").answers[0].text
        >>> kzoo.load("runs/nmt-bilinear-20261121-113000").predict(["hola .", "no ."], decoding="beam", top=3)

        Args:
            inputs: an input, or several. None stands for an empty input, whose prediction has no answers.
            decoding: the decoding method of sequence models; by default greedy.
            top: the number of answers; by default 3 classes or 1 text.

        Returns:
            A prediction, or a list of them. One of several inputs that cannot be read has its `error` in its
            prediction.

        Raises:
            UsageError: a single input is of another kind, or a decoding method is given for a classifier.
            DataError: the file of a single input cannot be read.
        """
        if top is not None and top < 1:
            raise UsageError(f"top must be 1 or more, not {top}")
        if self.is_one(inputs):
            (prediction,) = self._predict([inputs], _as_decoding(decoding), top or self.TOP)
            if prediction.error is not None:
                raise prediction.error
            return prediction
        if not isinstance(inputs, Iterable):
            raise self._strange(inputs)
        return list(self._predict(list(inputs), _as_decoding(decoding), top or self.TOP))

    def evaluate(
        self,
        on: str | Iterable[Example] = "test",
        decoding: Decoding | Method | None = None,
        *,
        data_dir: str | Path | None = None,
    ) -> Evaluation:
        """Measure the models on a split of the data that they were trained on, or on examples.

        >>> kzoo.load("runs/fashion-cnn-20261121-101500").evaluate("validation").metrics["accuracy"]
        >>> kzoo.load("runs/fashion-cnn-20261121-101500").evaluate([("shoe.png", "Sneaker")]).hypotheses

        Args:
            on: the name of a split, or inputs with their class or reference text.
            decoding: the decoding method of sequence models; by default greedy.
            data_dir: the folder of the data set or its parent, if the data are no longer in their place.

        Raises:
            UsageError: the split is unknown, or the examples are not of the kind that the models take.
            DataError: the data found are not those that the run was trained on, or a file cannot be read.
        """
        if not isinstance(on, str):
            experiment, split = self._experiment_on(list(on)), "test"
        elif on in SPLITS:
            experiment, split = self.open_experiment(None if data_dir is None else Path(data_dir)), on
        else:
            raise UsageError(f"no split is called {on!r}; {suggestion(on, SPLITS)}")
        found = experiment.evaluate(self.models, split, _as_decoding(decoding))
        return replace(found, metrics={**self.identity, **found.metrics})

    @property
    def identity(self) -> dict[str, Any]:
        """The runs, their checkpoint and its epochs, as an evaluation records them."""
        return {"runs": [str(run.path) for run in self.runs], **self.tested}

    def open_experiment(self, data_dir: Path | None = None) -> Experiment:
        """Open the experiment of the first run; see `kzoo.tasks.opening`."""
        from kzoo.tasks.opening import open_experiment

        return open_experiment(self.run, data_dir)

    def _experiment_on(self, examples: Sequence[Example]) -> Experiment:
        if not examples or not all(isinstance(each, tuple) and len(each) == 2 for each in examples):
            raise UsageError("expected one or more examples, each a tuple of an input and its reference")
        kind = experiment_type(self.recipe.model.name)
        return kind(self.recipe, self.data_set(examples)).with_files_of(self.run)

    def _predict(
        self, sources: Sequence[Input | None], decoding: Decoding | None, count: int
    ) -> Iterator[Prediction]:
        """Yield the prediction of each input in order, with its `count` best answers."""
        if decoding not in self._compiled:
            self._compiled[decoding] = self.compile(decoding)
        answer = self._compiled[decoding]
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

    def _try(self, source: Input | None) -> tuple[Prediction, Any]:
        """Return a prediction without answers and the input that was read, None if it cannot be read."""
        if source is None:
            return Prediction(""), None
        try:
            return Prediction(input_name(source)), self.read(source)
        except (UsageError, DataError) as error:
            return Prediction(input_name(source), error=error), None

    def _strange(self, source: object) -> UsageError:
        """Return the error to raise for an input of another kind."""
        return UsageError(f"{self.recipe.model.name} reads {self.FORMS}, not {input_name(source)}")


SplitT = TypeVar("SplitT", bound=DataSplit)

OWN = Origin("examples", "memory", stand_in=False)
"""The origin of examples that a caller evaluates on."""


def as_test(split: SplitT) -> tuple[SplitT, SplitT, SplitT]:
    """Return empty splits for training and validation, and the split for the test."""
    empty = split.take(np.arange(0))
    return empty, empty, split


def as_text(reference: object) -> str:
    """Return a class or a reference text itself. Raises UsageError if it is not a text, or blank."""
    if not isinstance(reference, str) or not reference.strip():
        raise UsageError(f"the reference {reference!r} is not a text")
    return reference


def _as_decoding(decoding: Decoding | Method | None) -> Decoding | None:
    return Decoding(decoding) if isinstance(decoding, str) else decoding


def input_name(source: object) -> str:
    """Return a text or a path itself, and the type and the size of anything else."""
    if isinstance(source, str | Path):
        return str(source)
    held = source[0] if isinstance(source, tuple) and source else source
    size = getattr(held, "shape", getattr(held, "size", ""))
    return f"{type(held).__name__} {size}".rstrip()


def _title(run: RunFolder, checkpoint: Checkpoint) -> str:
    epoch = epoch_of(run, checkpoint)
    return f"{run.path.name}, {checkpoint} model" + (f" (epoch {epoch})" if epoch else "")
