"""kzoo: small published networks in Keras 3, with checked parameter counts.

>>> import kzoo
>>> kzoo.list_models("cnn*")
['cnn', 'cnn-bn', 'cnn-bn-6way', 'cnn-bn-flatten']
>>> model = kzoo.create_model("cnn-bn", dropout=0.2)
>>> kzoo.load("runs/cnn-bn-20261121-101500").predict("street.jpg").answers[0].text

The names below are imported when they are first used: `import kzoo` imports neither Keras nor NumPy.
Once kzoo and Keras are imported, in any order, `keras.saving.load_model` knows the layers of kzoo.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kzoo.imports import when_imported

if TYPE_CHECKING:
    from kzoo.api import create_model, feature_extractor, load
    from kzoo.decoding.options import Decoding
    from kzoo.registry import ModelCard, card, list_models, register_model
    from kzoo.tasks.predictor import Predictor

__version__ = "0.1.0"
__all__ = [
    "Decoding",
    "ModelCard",
    "Predictor",
    "__version__",
    "card",
    "create_model",
    "feature_extractor",
    "list_models",
    "load",
    "register_model",
]

_MODULES = {
    **dict.fromkeys(("ModelCard", "card", "list_models", "register_model"), "kzoo.registry"),
    **dict.fromkeys(("create_model", "feature_extractor", "load"), "kzoo.api"),
    "Decoding": "kzoo.decoding.options",
    "Predictor": "kzoo.tasks.predictor",
}
"""The module of each public name."""

when_imported("keras", lambda: import_module("kzoo.layers"))


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'kzoo' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
