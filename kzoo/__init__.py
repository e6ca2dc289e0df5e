"""kzoo: small published networks in Keras 3, with checked parameter counts.

>>> import kzoo
>>> kzoo.list_models("cnn*")
['cnn', 'cnn-bn', 'cnn-bn-6way', 'cnn-bn-flatten']
>>> model = kzoo.create_model("cnn-bn", dropout=0.2)

The names below are imported when they are first used: `import kzoo` imports neither Keras nor NumPy.
Once kzoo and Keras are imported, in any order, `keras.saving.load_model` knows the layers of kzoo.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kzoo.imports import when_imported

if TYPE_CHECKING:
    from kzoo.registry import ModelCard, card, create_model, list_models, register_model

__version__ = "0.1.0"
__all__ = ["ModelCard", "__version__", "card", "create_model", "list_models", "register_model"]

when_imported("keras", lambda: import_module("kzoo.layers"))


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kzoo' has no attribute {name!r}")
    return getattr(import_module("kzoo.registry"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
