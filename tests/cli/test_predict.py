from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures(own_images, here):
    """A picture of each class as PNG files, from the test split."""
    arrays = np.load(own_images)
    for index in range(4):
        Image.fromarray(arrays["test_images"][index, :, :, 0]).save(here / f"[{index}].png")
    return [f"[{index}].png" for index in range(4)]


def test_probabilities_of_all_classes_sum_to_1(kzoo, trained_run, pictures):
    done = kzoo("predict", trained_run, *pictures, "--top", 99, "--json")
    assert done.exit_code == 0, done.stderr
    entries = json.loads(done.stdout)
    assert [entry["image"] for entry in entries] == pictures
    for entry in entries:
        probabilities = [guess["probability"] for guess in entry["predictions"]]
        assert sum(probabilities) == pytest.approx(1, abs=1e-6)
        assert probabilities == sorted(probabilities, reverse=True)
        assert {guess["class"] for guess in entry["predictions"]} == {"ash", "[birch]", "cedar", "dogwood"}


def test_a_picture_of_the_test_split_is_what_evaluate_says_it_is(kzoo, trained_run, pictures):
    """The accuracy on the four is what the confusion matrix of the same model would give them."""
    done = kzoo("predict", trained_run, *pictures, "--checkpoint", "last", "--top", 1, "--json")
    guesses = [entry["predictions"][0]["class"] for entry in json.loads(done.stdout)]
    accuracy = json.loads(kzoo("evaluate", trained_run, "--json").stdout)["accuracy"]
    names = ["ash", "[birch]", "cedar", "dogwood"]
    assert accuracy > 0.5
    assert sum(map(str.__eq__, guesses, names)) >= 2


def test_a_table_names_the_three_likeliest(kzoo, trained_run, pictures):
    done = kzoo("predict", trained_run, pictures[0])
    assert done.exit_code == 0
    assert "[0].png" in done.stdout
    assert len(done.stdout.splitlines()) == 1 + 3


def test_a_larger_photograph_in_colour_is_made_to_fit(kzoo, trained_run, here):
    Image.fromarray(np.full((90, 31, 3), 200, np.uint8)).save(here / "photo.jpg")
    assert kzoo("predict", trained_run, "photo.jpg", "--json").exit_code == 0


@pytest.mark.parametrize("name", ["notes.png", "missing.png", "folder"])
def test_what_is_no_image_is_exit_code_3(kzoo, trained_run, pictures, here, name):
    (here / "notes.png").write_text("no picture")
    (here / "folder").mkdir()
    done = kzoo("predict", trained_run, pictures[0], name)
    assert done.exit_code == 3
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_wrong_option(kzoo, trained_run, pictures):
    assert kzoo("predict", trained_run, pictures[0], "--top", 0).exit_code == 2
    assert kzoo("predict", trained_run).exit_code == 2
    assert kzoo("predict", "no-run", pictures[0]).exit_code == 2
