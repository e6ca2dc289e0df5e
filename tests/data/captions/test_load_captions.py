from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kzoo.data.captions.caption_set import read_images
from kzoo.data.captions.cards import CAPTION_SETS
from kzoo.data.captions.load import holds_captions, load_caption_set
from kzoo.errors import DataError, UsageError

REAL = os.environ.get("KZOO_DATA")


@pytest.mark.parametrize(
    ("name", "file", "images"),
    [
        ("sydney-captions", "dataset.json", "images"),
        ("ucm-captions", "dataset.json", "imgs"),
        ("rsicd", "dataset_rsicd.json", "RSICD_images"),
        ("flickr8k", "dataset_flickr8k.json", "Flicker8k_Dataset"),
        ("flickr8k", "dataset.json", ""),
    ],
)
def test_a_published_set_is_found_as_it_is_released(tmp_path, write_captions, name, file, images):
    folder = write_captions(tmp_path / name, file, images)
    caption_set = load_caption_set(name, data_dir=tmp_path, require_data=True)
    assert [len(split) for split in caption_set.splits.values()] == [3, 1, 1]
    assert caption_set.origin.name == name
    assert caption_set.origin.location == str(folder)
    assert not caption_set.origin.stand_in
    assert read_images(caption_set.test, [0], (5, 7))[0, 0, 0].tolist() == [160, 0, 90]
    assert caption_set.min_count == CAPTION_SETS[name].min_count
    known = {1: ("a", "here", "tree", "tree0", "tree1", "tree2"), 5: ("a",)}
    assert caption_set.vocabulary().tokens == known[caption_set.min_count]


def test_scenes_stand_in_for_a_set_that_is_not_there():
    caption_set = load_caption_set("flickr8k", seed=3)
    assert caption_set.origin.stand_in
    assert caption_set.origin.name == "captioned-scenes"
    assert load_caption_set("captioned-scenes", seed=3).sha256() == caption_set.sha256()
    assert load_caption_set("sydney-captions", stand_in="captioned-scenes", min_count=9).min_count == 9


def test_another_set_can_stand_in(tmp_path, write_captions):
    write_captions(tmp_path / "ucm-captions")
    caption_set = load_caption_set("sydney-captions", stand_in="ucm-captions", data_dir=tmp_path)
    assert caption_set.origin.name == "ucm-captions"
    assert caption_set.origin.stand_in


def test_required_data_is_no_stand_in():
    with pytest.raises(
        DataError, match=r"rsicd was not found in .*; download it with: kzoo data fetch rsicd"
    ):
        load_caption_set("rsicd", require_data=True)
    with pytest.raises(DataError, match="captioned-scenes is a stand-in"):
        load_caption_set("captioned-scenes", require_data=True)


def test_a_path_is_the_user_s_own_folder_or_file(tmp_path, write_captions, monkeypatch):
    folder = write_captions(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    for given in (folder, str(folder), "mine", "./mine", folder / "dataset.json"):
        caption_set = load_caption_set(given, min_count=3)
        assert caption_set.vocabulary().tokens == ("a", "here", "tree")
        assert not caption_set.origin.stand_in
    (folder / "dataset.json").rename(folder / "trees.json")
    assert len(load_caption_set(folder / "trees.json").train) == 3
    with pytest.raises(DataError, match=r"dataset\.json does not exist"):
        load_caption_set(folder)


def test_longer_captions_are_left_out(tmp_path, write_captions):
    caption_set = load_caption_set(write_captions(tmp_path / "mine"), max_length=2)
    assert caption_set.longest == 2
    assert caption_set.dropped.counts == {"longer than 2 tokens": 5}
    with pytest.raises(UsageError, match=r"captions of up to \d+ words, more than 3; allow \d+"):
        load_caption_set("captioned-scenes", max_length=3)
    assert load_caption_set("captioned-scenes", max_length=20).longest <= 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 0}, "cannot be 0 words long"),
        ({"min_count": 0}, "min_count cannot be 0"),
        ({"seed": -1}, "drawn with seed -1"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(UsageError, match=message):
        load_caption_set("sydney-captions", **options)


def test_an_unknown_name_gets_the_nearest_one(tmp_path):
    with pytest.raises(UsageError, match="'sydney_captions'; did you mean 'sydney-captions'"):
        load_caption_set("sydney_captions")
    with pytest.raises(DataError, match="typo is not a folder"):
        load_caption_set("rsicd", data_dir=tmp_path / "typo")


def test_what_can_only_be_captions(tmp_path, write_captions):
    assert holds_captions(write_captions(tmp_path / "mine"))
    assert holds_captions(tmp_path / "Trees.JSON")
    assert not holds_captions(tmp_path)
    assert not holds_captions(tmp_path / "pairs.tsv")


def test_nothing_heavy_is_imported():
    code = (
        "import sys; from kzoo.data.captions.load import load_caption_set;"
        "load_caption_set('captioned-scenes');"
        "print({'keras', 'PIL', 'matplotlib', 'tensorflow', 'torch', 'jax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_sydney_captions_as_r001_has_it(monkeypatch):
    if not (REAL and (Path(REAL) / "sydney-captions").is_dir()):
        pytest.skip("KZOO_DATA has no sydney-captions")
    monkeypatch.setenv("KZOO_DATA", REAL)
    caption_set, card = (
        load_caption_set("sydney-captions", require_data=True),
        CAPTION_SETS["sydney-captions"],
    )
    assert {name: len(split) for name, split in caption_set.splits.items()} == card.sizes
    assert len(caption_set.vocabulary()) == card.vocabulary_size == 190
    assert caption_set.longest + 2 == 22  # with start and end
    assert caption_set.dropped.counts == {}
    assert {len(captions) for split in caption_set.splits.values() for captions in split.captions} == {5}
    assert read_images(caption_set.validation, [0, 57], (32, 32)).std() > 10
