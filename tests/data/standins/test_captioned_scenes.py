from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from kzoo.data.captions.caption_set import CaptionSet
from kzoo.data.standins.aerial_canvas import COLOURS, SIZE
from kzoo.data.standins.captioned_scenes import CAPTIONS, NUMBERS, PAINTERS, SIDES, draw, draw_caption_set
from kzoo.errors import UsageError


@pytest.fixture(scope="module")
def scenes() -> CaptionSet:
    return draw_caption_set(7, sizes=(160, 40, 40))


def images_and_captions(split):
    """Each image with the words of all its captions."""
    for image, captions in zip(split.images, split.captions, strict=True):
        yield image.astype(int), {word for caption in captions for word in caption}


def test_there_are_as_many_scenes_as_asked_for_each_another(scenes):
    assert [len(split) for split in scenes.splits.values()] == [160, 40, 40]
    images = [image for split in scenes.splits.values() for image in split.images]
    assert {(image.shape, image.dtype.name) for image in images} == {((SIZE, SIZE, 3), "uint8")}
    assert len({image.tobytes() for image in images}) == 240
    assert scenes.origin.stand_in
    assert scenes.dropped.counts == {}
    assert len(draw(0, 1)) == 0


def test_each_scene_has_five_captions_of_known_words(scenes):
    for split in scenes.splits.values():
        assert {len(set(captions)) for captions in split.captions} == {CAPTIONS}
    assert scenes.longest <= 20  # as of Sydney-Captions
    known = set(scenes.vocabulary().tokens)
    held_out = {word for captions in scenes.test.captions for caption in captions for word in caption}
    assert held_out <= known


def test_each_kind_of_scene_is_as_frequent_as_any_other(scenes):
    captions = [" ".join(captions[0]) for captions in scenes.train.captions]
    for kind in ("houses", "plane", "boat", "beach", "river", "meadow", "tank", "car"):
        assert sum(kind in text for text in captions) == 160 // len(PAINTERS)


def test_the_same_seed_draws_the_same_scenes_in_any_process(scenes):
    code = (
        "from kzoo.data.standins.captioned_scenes import draw_caption_set;"
        "print(draw_caption_set(7, sizes=(160, 40, 40)).sha256())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == scenes.sha256()
    assert draw_caption_set(8, sizes=(160, 40, 40)).sha256() != scenes.sha256()
    with pytest.raises(UsageError, match="seed -1"):
        draw_caption_set(-1)


def test_captions_say_where_the_water_is(scenes):
    """The side that a beach's captions name is the one with the least yellow sand."""
    seen = 0
    for image, words in images_and_captions(scenes.train):
        yellow = image[..., 0] - image[..., 2]
        edges = {"top": yellow[:4], "left": yellow[:, :4], "bottom": yellow[-4:], "right": yellow[:, -4:]}
        named = words & set(edges)
        if "beach" in words and named:
            assert {min(edges, key=lambda side: edges[side].mean())} == named
            seen += 1
    assert seen >= 10


def test_captions_say_how_many_boats_there_are(scenes):
    """Boats are the connected patches that are no water, apart from the pier at an edge."""
    seen = set()
    for image, words in images_and_captions(scenes.train):
        if words & {"boat", "boats"}:
            is_water = image[..., 2] > image[..., 0] + 25
            number = NUMBERS[_patches(~is_water) - 1]
            assert number in words
            seen.add(number)
    assert seen == set(NUMBERS[1:])


@pytest.mark.parametrize("colour", ["red", "white", "orange", "blue", "brown"])
def test_a_colour_that_captions_name_is_in_the_picture(scenes, colour):
    target = 255 * np.array(COLOURS[colour])
    shares = [
        np.mean(np.abs(image - target).max(axis=-1) < 60)
        for image, words in images_and_captions(scenes.train)
        if colour in words
    ]
    assert len(shares) >= 5
    assert min(shares) > 0.01


def test_sides_follow_the_turns():
    """Turned left once, what was at the top is on the left."""
    picture = np.zeros((3, 3), int)
    picture[0, 1] = 1
    found = [tuple(np.argwhere(np.rot90(picture, turns))[0]) for turns in range(4)]
    assert dict(zip(SIDES, found, strict=True)) == {
        "at the top": (0, 1),
        "on the left": (1, 0),
        "at the bottom": (2, 1),
        "on the right": (1, 2),
    }


def _patches(mask: np.ndarray) -> int:
    """How many patches of pixels there are that touch by their edges."""
    left, count = {(int(y), int(x)) for y, x in np.argwhere(mask)}, 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            y, x = edge.pop()
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & left
            left -= near
            edge += near
    return count
