"""The regions of a set: computed once, and kept under a name that says all that they depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit, read_images
from kzoo.data.origin import Origin
from kzoo.data.row_filter import DroppedRows
from kzoo.features.encoders import Encoder
from kzoo.features.regions import load_regions


def squares(seed: int = 1) -> CaptionSet:
    """18, 1 and 2 images of 6x5 pixels."""
    rng = np.random.default_rng(seed)
    splits = [
        CaptionSplit.of(
            (f"{row}", rng.integers(0, 256, (6, 5, 3), np.uint8), (("a", "square"),)) for row in range(count)
        )
        for count in (18, 1, 2)
    ]
    return CaptionSet(*splits, DroppedRows({}, ()), origin=Origin("squares", "memory", stand_in=False))


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The folder in which regions are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "kzoo" / "regions"


@pytest.fixture
def seen():
    """How many images the encoder was given, call by call."""
    return []


@pytest.fixture
def encoder(seen):
    """Each pixel is a region."""

    def encode(images):
        seen.append(len(images))
        return images.reshape(len(images), -1, 3).astype(np.float32)

    return Encoder(encode, features=3, size=8, identity="pixels 1")


@pytest.mark.usefixtures("cache")
def test_regions_lie_in_memory_as_in_their_file():
    def encode(images):
        return np.moveaxis(np.zeros((3, len(images), 16), np.float32), 0, 2)  # PyTorch's channels come first

    encoder = Encoder(encode, features=3, size=8, identity="moved 1")
    for _ in range(2):
        assert all(regions.flags.c_contiguous for regions in load_regions(encoder, squares(), 4).values())


@pytest.mark.usefixtures("cache")
def test_the_regions_of_each_image_in_its_place(encoder, seen):
    data = squares()
    regions = load_regions(encoder, data, 4)
    assert list(regions) == ["train", "validation", "test"]
    for name, split in data.splits.items():
        pixels = read_images(split, range(len(split)), (4, 4))
        np.testing.assert_array_equal(regions[name], pixels.reshape(len(split), 16, 3))
        assert regions[name].dtype == np.float32
    assert sum(seen) == 21
    assert max(seen) <= 16  # a few images in memory at a time


def test_they_are_computed_once(encoder, seen, cache):
    first = load_regions(encoder, squares(), 4)
    seen.clear()
    again = load_regions(encoder, squares(), 4)
    assert seen == []
    assert len(list(cache.iterdir())) == 1
    for name, regions in first.items():
        np.testing.assert_array_equal(again[name], regions, strict=True)


def test_another_encoder_size_or_set_is_kept_apart(encoder, seen, cache):
    load_regions(encoder, squares(), 4)
    other = replace(encoder, identity="pixels 2")
    for count, asked in enumerate(
        ((other, squares(), 4), (encoder, squares(2), 4), (encoder, squares(), 5)), 2
    ):
        seen.clear()
        load_regions(*asked)
        assert sum(seen) == 21
        assert len(list(cache.iterdir())) == count


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_made_anew(encoder, seen, cache, kept):
    first = load_regions(encoder, squares(), 4)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    seen.clear()
    np.testing.assert_array_equal(load_regions(encoder, squares(), 4)["train"], first["train"])
    assert sum(seen) == 21
    seen.clear()
    load_regions(encoder, squares(), 4)
    assert seen == []


def test_a_changed_byte_is_noticed(encoder, seen, cache):
    load_regions(encoder, squares(), 4)
    (file,) = cache.iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(bytes(content))
    seen.clear()
    load_regions(encoder, squares(), 4)
    assert sum(seen) == 21


@pytest.mark.parametrize("where", ["encode", "write"])
def test_nothing_is_kept_of_what_was_stopped(encoder, cache, monkeypatch, where):
    def stop(*arguments, **_):
        if where == "write":
            arguments[0].write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if where == "write":
            patch.setattr(np, "savez", stop)
        else:
            encoder = replace(encoder, encode=stop)
        with pytest.raises(KeyboardInterrupt):
            load_regions(encoder, squares(), 4)
    assert not list(cache.glob("*"))
