"""Packages that only some of kzoo needs; the extras of its distribution bring them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from kzoo.errors import MissingExtraError


def require(module: str, extra: str, what: str) -> ModuleType:
    """Import an optional package, or one of its modules.

    Args:
        module: the name it is imported by.
        extra: the extra of kzoo that brings it.
        what: what needs it; the message begins with this.

    Raises:
        MissingExtraError: the package is not installed.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:  # the package is there, and something that it needs is not
            raise
        raise MissingExtraError(f"{what} needs {package}: pip install 'kzoo[{extra}]'") from error
