from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit, read_images
from kzoo.data.origin import Origin
from kzoo.data.row_filter import DroppedRows
from kzoo.errors import DataError

TREE, TREES = ("a", "tree"), ("two", "tall", "trees")


@pytest.fixture
def caption_set(tmp_path, noise) -> CaptionSet:
    for name, pixels in zip(("a", "b"), noise(2, 5, 7, 3), strict=True):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    train = CaptionSplit.of([("a", tmp_path / "a.png", (TREE, TREES)), ("b", tmp_path / "b.png", (TREE,))])
    drawn = CaptionSplit.of([("c", noise(5, 7, 3), (("no", "trees", "at", "all"),))])
    return CaptionSet(
        train, drawn, drawn, DroppedRows({}, ()), origin=Origin("trees", "here", stand_in=False)
    )


def test_a_split_counts_its_images(caption_set):
    assert [len(split) for split in caption_set.splits.values()] == [2, 1, 1]
    assert caption_set.train.names == ("a", "b")
    assert caption_set.train.captions == ((TREE, TREES), (TREE,))
    assert len(CaptionSplit.of([])) == 0
    assert caption_set.longest == 4


def test_the_vocabulary_is_that_of_the_training_captions(caption_set):
    assert caption_set.vocabulary().tokens == ("a", "tall", "tree", "trees", "two")
    assert replace(caption_set, min_count=2).vocabulary().tokens == ("a", "tree")


def test_images_are_read_in_the_order_and_size_asked_for(caption_set):
    train, drawn = caption_set.train, caption_set.test
    whole = read_images(train, [1, 0, 1], (5, 7))
    assert whole.shape == (3, 5, 7, 3)
    assert whole.dtype == np.uint8
    for row, path in zip(whole, (train.images[1], train.images[0], train.images[1]), strict=True):
        np.testing.assert_array_equal(row, np.asarray(Image.open(path)))
    np.testing.assert_array_equal(read_images(drawn, [0], (5, 7))[0], drawn.images[0])
    resized = Image.fromarray(drawn.images[0]).resize((4, 3), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(read_images(drawn, np.array([0]), (3, 4))[0], np.asarray(resized))
    assert read_images(train, [], (3, 4)).shape == (0, 3, 4, 3)


def test_an_image_that_cannot_be_read_is_named(caption_set):
    path = caption_set.train.images[1]
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"b\.png cannot be read"):
        read_images(caption_set.train, [0, 1], (5, 7))
    path.unlink()
    for fails in (caption_set.sha256, lambda: read_images(caption_set.train, [1], (5, 7))):
        with pytest.raises(DataError, match=r"b\.png does not exist"):
            fails()


def test_the_hash_changes_with_a_pixel_and_with_a_word(caption_set):
    train, test = caption_set.train, caption_set.test
    brighter = test.images[0].copy()
    brighter[0, 0, 0] ^= 1
    sha256 = caption_set.sha256()
    others = {
        replace(caption_set, test=replace(test, images=(brighter,))).sha256(),
        replace(caption_set, test=replace(test, images=(test.images[0].reshape(7, 5, 3),))).sha256(),
        replace(caption_set, train=replace(train, images=train.images[::-1])).sha256(),
        replace(caption_set, train=replace(train, captions=((TREE, TREE), (TREE,)))).sha256(),
        replace(caption_set, train=replace(train, captions=((TREE,), (TREES, TREE)))).sha256(),
        replace(caption_set, validation=train).sha256(),
    }
    assert len(others | {sha256}) == 7
    assert replace(caption_set, origin=Origin("other", "there", stand_in=True)).sha256() == sha256
    path = train.images[0]
    pixels = np.asarray(Image.open(path)).copy()
    pixels[4, 6, 2] ^= 1
    Image.fromarray(pixels).save(path)
    assert replace(caption_set).sha256() not in others | {sha256}  # a set is hashed once
