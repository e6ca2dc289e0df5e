"""A call after the import of a package, and imports of large packages without garbage collection."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from importlib import import_module, util
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _Finder:
    """A finder of `sys.meta_path` for one module, which calls a function after the module was executed."""

    def __init__(self, name: str, follow: Callable[[], Any]) -> None:
        self.name, self.follow, self.searching = name, follow, False

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != self.name or self.searching:
            return None
        self.searching = True
        try:
            spec = util.find_spec(name)
        finally:
            self.searching = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._executed)  # type: ignore[assignment]
        return spec

    def _executed(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            self.follow()


class _Loader:
    """A loader that calls a function after another loader has executed a module."""

    def __init__(self, loader: Any, executed: Callable[[], None]) -> None:
        self.loader, self.executed = loader, executed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.executed()


def when_imported(name: str, follow: Callable[[], Any]) -> None:
    """Call `follow()` after the import of a module, or at once if the module is imported already."""
    if name in sys.modules:
        follow()
    else:
        sys.meta_path.insert(0, _Finder(name, follow))


def import_large(name: str) -> ModuleType:
    """Import a module without garbage collection, and exempt all objects so far from later collections.

    The objects of packages live as long as the process. Python's search for garbage among them takes a fifth
    of the time to import Keras with PyTorch, and as long again at the end of the process.
    """
    if name in sys.modules:
        return sys.modules[name]
    enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
