"""What kinds of experiment there are: one module for the models of each task."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kzoo import registry

if TYPE_CHECKING:
    from kzoo.experiment import Experiment
    from kzoo.tasks.author import Author

_TYPES = {
    "image classification": ("images", "ImageExperiment"),
    "sequence transduction": ("pairs", "PairExperiment"),
    "image captioning": ("captions", "CaptionExperiment"),
    "speech recognition": ("speech", "SpeechExperiment"),
}

_AUTHORS = {
    "sequence transduction": ("texts", "TextAuthor"),
    "image captioning": ("photographs", "ImageAuthor"),
    "speech recognition": ("recordings", "AudioAuthor"),
}


def experiment_type(model: str) -> type[Experiment]:
    """The kind of experiment that a model of the zoo is trained in."""
    return _find(_TYPES[registry.card(model).task])


def kind(model: str) -> str:
    """The kind of experiment by its name, that of its module: images, pairs, captions or speech."""
    return _TYPES[registry.card(model).task][0]


def author_type(model: str) -> type[Author]:
    """What writes with a model of the zoo about a user's own input."""
    return _find(_AUTHORS[registry.card(model).task])


def _find(place: tuple[str, str]) -> Any:
    module, name = place
    return getattr(import_module(f"{__name__}.{module}"), name)
