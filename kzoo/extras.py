"""Optional packages, which the extras of the distribution install."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from kzoo.errors import MissingExtraError


def require(module: str, extra: str, what: str) -> ModuleType:
    """Import an optional package, or one of its modules.

    Args:
        module: the name of the module to import.
        extra: the extra of kzoo that installs the package.
        what: the feature that needs it, with which the error message begins.

    Raises:
        MissingExtraError: the package is not installed.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:  # the package is installed, but one of its dependencies is missing
            raise
        raise MissingExtraError(f"{what} needs {package}: pip install 'kzoo[{extra}]'") from error
