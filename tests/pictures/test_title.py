import json
from pathlib import Path

import pytest

from kzoo.pictures.title import folder_label, name_test_set, picture_title, shortest_name
from kzoo.training.run import RunFolder


@pytest.fixture
def run(tmp_path):
    """A run whose data are a stand-in or not."""

    def make(stand_in: bool) -> RunFolder:
        data = {"name": "drawn-letters", "location": "", "stand_in": stand_in, "sizes": {}, "sha256": "0"}
        environment = {"backend": "jax", "device": "CPU", "versions": {}, "data": data, "reference": {}}
        (tmp_path / "environment.json").write_text(json.dumps(environment))
        return RunFolder(tmp_path)

    return make


def test_a_title_has_the_run_what_is_drawn_and_from_what(run, tmp_path):
    assert picture_title(run(False), "attention", "a text") == f"{tmp_path.name}: attention, a text"
    assert picture_title(run(False), "kernels of conv1") == f"{tmp_path.name}: kernels of conv1"
    assert name_test_set(run(False)) == "test set of drawn-letters"


def test_a_run_is_called_by_its_folder_wherever_one_stands(run, tmp_path, monkeypatch):
    run(False)
    monkeypatch.chdir(tmp_path)
    assert folder_label(RunFolder(Path())) == tmp_path.name


def test_runs_of_one_name_are_called_by_more_of_their_paths():
    paths = [Path("a/run"), Path("b/run"), Path("b/other")]
    assert [shortest_name(path, paths) for path in paths] == ["a/run", "b/run", "other"]


def test_a_title_says_that_the_data_are_a_stand_in(run, tmp_path):
    assert folder_label(run(True)) == f"{tmp_path.name} (stand-in data)"
    assert picture_title(run(True), "mistakes").startswith(f"{tmp_path.name} (stand-in data): ")
