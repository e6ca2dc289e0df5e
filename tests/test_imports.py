"""What follows an import, and imports without garbage collection."""

from __future__ import annotations

import gc
import sys
from importlib import import_module, util
from importlib.machinery import SourceFileLoader

import pytest

from kzoo.imports import import_large, when_imported

NAME = "kzoo_test_package"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The file of a package that can be imported."""
    path = tmp_path / f"{NAME}.py"
    path.write_text("value = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield path
    sys.modules.pop(NAME, None)


@pytest.fixture
def seen():
    """The values of the package when the function was called."""
    return []


@pytest.fixture
def follow(seen):
    return lambda: seen.append(sys.modules[NAME].value)


@pytest.mark.usefixtures("package")
def test_a_function_follows_an_import_once(seen, follow):
    finders = list(sys.meta_path)
    when_imported(NAME, follow)
    assert util.find_spec(NAME) is not None
    assert seen == []
    import_module(NAME)
    import_module(NAME)
    assert seen == [3]
    assert sys.meta_path == finders
    assert isinstance(sys.modules[NAME].__spec__.loader, SourceFileLoader)


@pytest.mark.usefixtures("package")
def test_a_function_follows_at_once_what_was_imported_before(seen, follow):
    import_module(NAME)
    when_imported(NAME, follow)
    assert seen == [3]


def test_a_failed_import_is_not_followed_but_the_next_one_is(package, seen, follow):
    package.write_text("value = missing\n")
    when_imported(NAME, follow)
    with pytest.raises(NameError):
        import_module(NAME)
    assert seen == []
    package.write_text("value = 23  # another size than before\n")
    import_module(NAME)
    assert seen == [23]


def test_a_module_that_does_not_exist_is_not_found(monkeypatch, follow):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    when_imported(NAME, follow)
    with pytest.raises(ModuleNotFoundError):
        import_module(NAME)


@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_is_collected_during_a_large_import(package, enabled):
    package.write_text("import gc\nvalue = gc.isenabled()\nkept = [[] for _ in range(1000)]\n")
    before, frozen = gc.isenabled(), gc.get_freeze_count()
    try:
        (gc.enable if enabled else gc.disable)()
        module = import_large(NAME)
        assert module.value is False
        assert gc.isenabled() is enabled
        assert gc.get_freeze_count() >= frozen + len(module.kept)
        assert import_large(NAME) is module
    finally:
        (gc.enable if before else gc.disable)()
