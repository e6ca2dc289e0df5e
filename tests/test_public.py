"""The public names, which are those in the `__all__` of each package, are documented."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import kzoo

ROOT = Path(kzoo.__file__).parent
PACKAGES = sorted(
    ".".join(("kzoo", *path.parent.relative_to(ROOT).parts))
    for path in ROOT.rglob("__init__.py")
    if not {"cli", "configs"} & set(path.relative_to(ROOT).parts)
)
NEEDS_TORCH = {"kzoo.pytorch", "kzoo.bench"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_is_public_in_it(package):
    if package in NEEDS_TORCH and find_spec("torch") is None:
        pytest.skip("torch is not installed")
    names = import_module(package).__all__
    assert len(set(names)) == len(names)
    for name in names:
        value = getattr(import_module(package), name, None)
        value = import_module(f"{package}.{name}") if value is None else value
        if inspect.ismodule(value) or inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{package}.{name} has no docstring"


def public_functions(package: str):
    """Yield the functions and classes that the public modules of a package define, with full names."""
    for name in import_module(package).__all__:
        value = getattr(import_module(package), name, None)
        module = import_module(f"{package}.{name}") if value is None or inspect.ismodule(value) else None
        for key, member in vars(module).items() if module else ():
            if not key.startswith("_") and getattr(member, "__module__", "") == module.__name__:
                yield f"{module.__name__}.{key}", member


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_public_module_offers_is_documented(package):
    if package in NEEDS_TORCH and find_spec("torch") is None:
        pytest.skip("torch is not installed")
    offered = (item for item in public_functions(package) if callable(item[1]))
    assert [name for name, member in offered if not (member.__doc__ or "").strip()] == []
