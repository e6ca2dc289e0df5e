from __future__ import annotations

import pytest

from kzoo.data.images.cards import IMAGE_SETS
from kzoo.data.load import find_layout
from kzoo.errors import DataError

CARD = IMAGE_SETS["mnist"]


class Found:
    def __init__(self, *found):
        self._found = list(found)

    def found(self, folder):
        return self._found


class Locked:
    def found(self, folder):
        raise PermissionError(13, "Permission denied")


def test_the_first_layout_that_is_there_is_read(tmp_path):
    first, second = Found(tmp_path), Found(tmp_path)
    assert find_layout([Found(), first, second], CARD, tmp_path) is first


@pytest.mark.parametrize(
    ("layouts", "message"),
    [([Found()], "holds no files of mnist"), ([Locked()], "cannot be read.*Permission denied")],
)
def test_a_folder_that_cannot_be_read_is_named(tmp_path, layouts, message):
    with pytest.raises(DataError, match=f"{tmp_path.name}.*{message}"):
        find_layout(layouts, CARD, tmp_path)
