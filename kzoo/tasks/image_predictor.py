"""Predictions of image classifiers for a user's own images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from kzoo.data.images.folders import FORMS, SUFFIXES, is_image, read_image
from kzoo.data.images.image_set import ImageSet, Split
from kzoo.decoding.options import Decoding, Method
from kzoo.errors import UsageError
from kzoo.names import suggestion
from kzoo.pictures.figure import NONE_OF_THESE
from kzoo.tasks.predictor import OWN, Answer, Answers, Example, Input, Predictor, as_test, as_text
from kzoo.training.inference import compile_predict

if TYPE_CHECKING:
    from kzoo.tasks.experiment import Evaluation


class ImagePredictor(Predictor):
    """The predictor of an image classifier: it answers with all classes and their probabilities."""

    INPUTS = "image files"
    FORMS = FORMS
    SUFFIXES = SUFFIXES
    TOP = 3
    KEYS = ("image", "class", "probability")
    HEADS = ("image", "class", "probability")

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(self.data["class_names"])

    @property
    def identity(self) -> dict[str, Any]:
        """The run, its checkpoint and its epoch, as an evaluation records them."""
        return {"run": str(self.run.path), **self.tested}

    def is_one(self, inputs: object) -> bool:
        """Return whether `inputs` is a single image."""
        return is_image(inputs)

    def read(self, source: Input) -> np.ndarray:
        """Read the pixels of an image in the input shape of the model."""
        if not is_image(source):
            raise self._strange(source)
        height, width, channels = self.model.input_shape[1:]
        return read_image(source, (height, width, channels))

    def compile(self, decoding: Decoding | None) -> Answers:
        """Return a function that ranks the classes of each image, the most probable first."""
        if decoding is not None or len(self.models) > 1:
            raise UsageError(f"--decoding and --with are for sequences; {self.title} is a classifier")
        names, predict = self.vocabulary, compile_predict(self.model)

        def answer(inputs: Sequence[np.ndarray]) -> list[list[Answer]]:
            return [_ranked(row, names) for row in np.exp(predict(np.stack(inputs)))]

        return answer

    def evaluate(
        self,
        on: str | Iterable[Example] = "test",
        decoding: Decoding | Method | None = None,
        *,
        data_dir: str | Path | None = None,
    ) -> Evaluation:
        """Measure the model on a split or on examples; see `Predictor.evaluate`."""
        if decoding is not None or len(self.models) > 1:
            raise UsageError(f"--decoding and --with are for sequences; {self.run.path} is a run of images")
        return super().evaluate(on, data_dir=data_dir)

    def data_set(self, examples: Sequence[Example]) -> ImageSet:
        """Return a data set whose test split holds images with their classes."""
        names = [as_text(name) for _, name in examples]
        for name in names:
            if name not in self.vocabulary:
                raise UsageError(f"no class is called {name!r}; {suggestion(name, self.vocabulary)}")
        images = np.stack([self.read(source) for source, _ in examples])
        labels = np.array(list(map(self.vocabulary.index, names)), np.int32)
        return ImageSet(*as_test(Split(images, labels)), class_names=self.vocabulary, origin=OWN)

    def attention(self, source: Input) -> NoReturn:
        """Raise UsageError: a classifier has no attention."""
        raise UsageError(f"{self.recipe.model.name} has no attention: it is a classifier")

    def draw_attention(self, source: Input) -> NoReturn:
        """Raise UsageError: a classifier has no attention."""
        self.attention(source)


def _ranked(probabilities: np.ndarray, names: Sequence[str]) -> list[Answer]:
    order = np.argsort(-probabilities, kind="stable")
    return [
        Answer(names[place] if place < len(names) else NONE_OF_THESE, float(probabilities[place]))
        for place in order
    ]
