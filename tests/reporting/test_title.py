import json

import pytest

from kzoo.reporting.title import folder_label, name_test_set, picture_title
from kzoo.training.run import RunFolder


@pytest.fixture
def run(tmp_path):
    """A run whose data are a stand-in or not."""

    def make(stand_in: bool) -> RunFolder:
        data = {"name": "drawn-letters", "stand_in": stand_in}
        (tmp_path / "environment.json").write_text(json.dumps({"data": data}))
        return RunFolder(tmp_path)

    return make


def test_a_title_has_the_run_what_is_drawn_and_from_what(run, tmp_path):
    assert picture_title(run(False), "attention", "a text") == f"{tmp_path.name}: attention, a text"
    assert picture_title(run(False), "kernels of conv1") == f"{tmp_path.name}: kernels of conv1"
    assert name_test_set(run(False)) == "test set of drawn-letters"


def test_a_title_says_that_the_data_are_a_stand_in(run, tmp_path):
    assert folder_label(run(True)) == f"{tmp_path.name} (stand-in data)"
    assert picture_title(run(True), "mistakes").startswith(f"{tmp_path.name} (stand-in data): ")
