"""What kinds of experiment there are: one module for the models of each task."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from kzoo import registry

if TYPE_CHECKING:
    from kzoo.experiment import Experiment

_TYPES = {
    "image classification": ("images", "ImageExperiment"),
    "sequence transduction": ("pairs", "PairExperiment"),
}


def experiment_type(model: str) -> type[Experiment]:
    """The kind of experiment that a model of the zoo is trained in."""
    module, name = _TYPES[registry.card(model).task]
    return getattr(import_module(f"{__name__}.{module}"), name)
