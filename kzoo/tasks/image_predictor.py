"""Predictions of image classifiers for a user's own image files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.images.folders import SUFFIXES, read_image
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.pictures.figure import NONE_OF_THESE
from kzoo.tasks.predictor import Answer, Answers, Predictor
from kzoo.training.inference import compile_predict


class ImagePredictor(Predictor):
    """The predictor of an image classifier: it answers with all classes and their probabilities."""

    INPUTS = "image files"
    SUFFIXES = SUFFIXES
    TOP = 3
    KEYS = ("image", "class", "probability")
    HEADS = ("image", "class", "probability")

    def read(self, source: str) -> np.ndarray:
        """Read the pixels of an image file in the input shape of the model."""
        height, width, channels = self.models[0].input_shape[1:]
        return read_image(Path(source), (height, width, channels))

    def compile(self, decoding: Decoding | None) -> Answers:
        """Return a function that ranks the classes of each image, the most probable first."""
        if decoding is not None or len(self.models) > 1:
            raise UsageError(f"--decoding and --with are for sequences; {self.title} is a classifier")
        names, predict = self.data["class_names"], compile_predict(self.models[0])

        def answer(inputs: Sequence[np.ndarray]) -> list[list[Answer]]:
            return [_ranked(row, names) for row in np.exp(predict(np.stack(inputs)))]

        return answer

    def draw_attention(self, source: str) -> Figure:
        """Raise UsageError: a classifier has no attention."""
        raise UsageError(f"{self.recipe.model.name} has no attention: it is a classifier")


def _ranked(probabilities: np.ndarray, names: Sequence[str]) -> list[Answer]:
    order = np.argsort(-probabilities, kind="stable")
    return [
        Answer(names[place] if place < len(names) else NONE_OF_THESE, float(probabilities[place]))
        for place in order
    ]
