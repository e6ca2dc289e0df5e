from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import kzoo
from kzoo.reproduction.code import ASIDE, code_version, decisive_modules

ROOT = Path(kzoo.__file__).parent


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """kzoo's sources somewhere else."""
    shutil.copytree(ROOT, tmp_path / "kzoo", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(kzoo, "__file__", str(tmp_path / "kzoo" / "__init__.py"))
    return tmp_path / "kzoo"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_version_is_that_of_what_decides_figures(copied):
    before = code_version()
    assert before.startswith(f"{kzoo.__version__}-")
    edit(copied / "training" / "order.py", '"""The order of the', '"""An order of the')
    edit(copied / "training" / "order.py", "rng = ", "# drawn anew\n    rng = ")
    edit(copied / "pictures" / "curves.py", "new_figure(3.4", "new_figure(3.5")
    edit(copied / "tasks" / "caption_predictor.py", "image files", "images")
    edit(copied / "data" / "captions" / "cards.py", "aerial images", "images")
    assert code_version() == before
    edit(copied / "training" / "order.py", "training.seed, epoch", "epoch, training.seed")
    assert code_version() != before


def test_a_module_that_is_new_or_gone_counts(copied):
    before = code_version()
    (copied / "layers" / "new.py").write_text("")
    assert code_version() != before
    (copied / "layers" / "new.py").unlink()
    assert code_version() == before


def test_a_module_that_moves_to_a_room_that_counts_counts(copied):
    before = code_version()
    (copied / "pictures" / "curves.py").rename(copied / "metrics" / "curves.py")
    assert code_version() != before


def test_every_name_that_is_set_aside_is_there():
    inside = [pattern for pattern in ASIDE if not pattern.startswith(("cli", "configs"))]
    assert [pattern for pattern in inside if not any(ROOT.glob(pattern))] == []
    assert {"experiment.py", "recipe.py"} <= {path.name for path in decisive_modules(ROOT)}
