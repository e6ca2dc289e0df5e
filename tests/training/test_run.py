from __future__ import annotations

from pathlib import Path

import pytest

from kzoo.errors import UsageError
from kzoo.recipe import load_recipe
from kzoo.training.run import RunFolder, new_run, open_run


def test_runs_of_the_same_second_have_folders_of_their_own(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("cnn")
    paths = [new_run(recipe, None).path for _ in range(4)]
    assert len(set(paths)) == 4
    assert all(path.parent == Path("runs") and path.name.startswith("cnn-2") for path in paths)


def test_nothing_is_overwritten(tmp_path):
    recipe = load_recipe("cnn")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    for name in ("file", "folder"):
        with pytest.raises(UsageError, match=f"{name} is there already"):
            new_run(recipe, tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert new_run(recipe, tmp_path / "empty").path == tmp_path / "empty"
    assert new_run(recipe, tmp_path / "a" / "b").path.is_dir()


def test_the_history_keeps_every_bit(tmp_path):
    rows = [{"epoch": 1, "train_loss": 0.1 + 0.2}, {"epoch": 2, "train_loss": 5e-324}]
    run = RunFolder(tmp_path)
    run.write_history(rows)
    assert run.history() == {"epoch": [1, 2], "train_loss": [0.1 + 0.2, 5e-324]}


def test_the_recipe_is_kept_with_every_default(tmp_path):
    recipe = load_recipe("oct-cnn", {"training.epochs": 3})
    new_run(recipe, tmp_path / "run").write_recipe(recipe)
    run = open_run(tmp_path / "run")
    assert run.recipe().model_dump() == recipe.model_dump()
    assert run.recipe({"training.epochs": 4}).training.epochs == 4
    assert "drop_last: false" in (run.path / "recipe.yaml").read_text()


def test_what_a_run_does_not_hold_yet_is_named(tmp_path):
    run = RunFolder(tmp_path)
    assert not run.finished
    for read in (run.metrics, run.environment, run.history):
        with pytest.raises(UsageError, match="is not there"):
            read()
    with pytest.raises(UsageError, match="is not a run folder"):
        open_run(tmp_path)
