from __future__ import annotations

import json

import pytest

from kzoo.data.captions.karpathy import read_karpathy
from kzoo.errors import DataError


def entry(name: str, split: str | None = None, *captions: str) -> dict:
    sentences = [{"tokens": text.split(), "raw": text} for text in captions or ("A tree .",)]
    return {"filename": name, "sentences": sentences} | ({"split": split} if split else {})


@pytest.fixture
def read(tmp_path):
    """`read(entries)` writes the JSON and an empty file for each image, and reads them back."""

    def write_and_read(entries: list[dict], *, max_length: int | None = None, seed: int = 1):
        path = tmp_path / "dataset.json"
        path.write_text(json.dumps({"images": entries, "dataset": "trees"}), encoding="utf-8")
        for image in entries:
            (tmp_path / image["filename"]).touch()
        return read_karpathy(path, tmp_path, max_length=max_length, seed=seed)

    return write_and_read


HELD_OUT = [entry("v.jpg", "val"), entry("t.jpg", "test")]


def test_images_and_captions_come_in_their_order_and_in_words(read, tmp_path):
    first = entry("2.jpg", "train", "A T-junction , seen from above .", 'Two  "roads"')
    splits, dropped = read([first, entry("1.jpg", "restval"), *HELD_OUT])
    train = splits["train"]
    assert list(splits) == ["train", "validation", "test"]
    assert train.names == ("2.jpg", "1.jpg")  # COCO's restval is used to train
    assert train.images == (tmp_path / "2.jpg", tmp_path / "1.jpg")
    assert train.captions[0] == (("a", "t-junction", "seen", "from", "above"), ("two", "roads"))
    assert splits["validation"].names == ("v.jpg",)
    assert splits["test"].captions == ((("a", "tree"),),)
    assert dropped.counts == {}


def test_a_raw_sentence_stands_for_missing_tokens(read):
    raw = {"filename": "1.jpg", "split": "train", "sentences": [{"raw": "Some trees."}]}
    assert read([raw, *HELD_OUT])[0]["train"].captions == ((("some", "trees"),),)


def test_what_cannot_be_used_is_left_out_and_named(read, tmp_path):
    entries = [
        entry("1.jpg", "train", "A tree", " . ", "a tree among many others"),
        entry("2.jpg", "train", "!"),
        {"filename": "3.jpg", "split": "train", "sentences": []},
        entry("4.jpg", "spare"),
        entry("5.jpg"),
        entry("1.jpg", "test"),
        *HELD_OUT,
    ]
    splits, dropped = read(entries, max_length=4)
    assert {name: len(split) for name, split in splits.items()} == {"train": 1, "validation": 1, "test": 1}
    assert splits["train"].captions == ((("a", "tree"),),)
    path = tmp_path / "dataset.json"
    assert sorted(dropped.lines()) == [
        f"1 caption left out, longer than 4 tokens: {path} image 1.jpg",
        f"1 image left out, named twice: {path} image 1.jpg",
        f"1 image left out, of the unknown split 'spare': {path} image 4.jpg",
        f"1 image left out, without a split: {path} image 5.jpg",
        f"2 captions left out, empty: {path} image 1.jpg, 2.jpg",
        f"2 images left out, without captions: {path} image 2.jpg, 3.jpg",
    ]


def test_a_file_without_splits_is_split_by_the_seed(read):
    entries = [entry(f"{number}.jpg") for number in range(25)]
    splits, _ = read(entries)
    assert [len(split) for split in splits.values()] == [21, 2, 2]
    names = [name for split in splits.values() for name in split.names]
    assert sorted(names) == sorted(image["filename"] for image in entries)
    assert read(entries)[0]["test"].names == splits["test"].names
    assert len({read(entries, seed=seed)[0]["test"].names for seed in range(5)}) > 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_images_for_three_splits(read, count):
    with pytest.raises(DataError, match=r"dataset\.json holds no (train|validation) images$"):
        read([entry(f"{number}.jpg") for number in range(count)])


def test_a_split_without_images_says_what_was_lost(read):
    with pytest.raises(DataError, match=r"holds no test images: 1 caption left out, empty: .*t\.jpg"):
        read([entry("1.jpg", "train"), entry("v.jpg", "val"), entry("t.jpg", "test", "?")])


def test_missing_image_files_are_counted_and_the_first_is_named(read, tmp_path):
    entries = [entry(f"{number}.jpg", "train") for number in range(4)] + HELD_OUT
    read(entries)
    for name in ("1.jpg", "3.jpg", "v.jpg"):
        (tmp_path / name).unlink()
    path = tmp_path / "dataset.json"
    with pytest.raises(DataError) as raised:
        read_karpathy(path, tmp_path, max_length=None, seed=1)
    assert str(raised.value) == f"{tmp_path / '1.jpg'} does not exist, nor do 2 other images of dataset.json"
    read(entries)
    (tmp_path / "v.jpg").unlink()
    with pytest.raises(DataError, match=r"v\.jpg does not exist$"):
        read_karpathy(path, tmp_path, max_length=None, seed=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"images": [{"filen', "the file: Invalid JSON"),
        (b"\xff\xd8\xff\xe0", "the file: Invalid JSON"),
        (b"[]", "the file: Input should be an object"),
        (b'{"annotations": []}', "images: Field required"),
        (b'{"images": [{"sentences": []}]}', r"images\.0\.filename: Field required"),
        (b'{"images": [{"filename": "a.jpg"}]}', r"images\.0\.sentences: Field required"),
        (b'{"images": [{"filename": "a.jpg", "sentences": [{"caption": "x"}]}]}', "neither tokens nor raw"),
        (b'{"images": [{"filename": "a.jpg", "sentences": [{"tokens": [1]}]}]}', "should be a valid string"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, content, message):
    path = tmp_path / "dataset.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as raised:
        read_karpathy(path, tmp_path, max_length=None, seed=1)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"dataset\.json does not exist"):
        read_karpathy(tmp_path / "dataset.json", tmp_path, max_length=None, seed=1)
