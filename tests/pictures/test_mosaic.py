import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.pictures.figure import new_figure
from kzoo.pictures.mosaic import Mosaic, grid_columns


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (2, 2), (6, 6), (8, 4), (16, 8), (32, 8), (64, 16), (128, 16)]
)
def test_powers_of_two_fill_their_grid(count, columns):
    assert grid_columns(count) == columns
    assert count % columns == 0


@given(st.integers(1, 600))
def test_grids_are_wide_and_leave_few_places_empty(count):
    columns = grid_columns(count)
    rows = math.ceil(count / columns)
    assert (rows - 1) * columns < count <= rows * columns
    assert min(count, math.sqrt(2 * count)) <= columns < 2 * math.sqrt(2 * count) + 2
    twice_as_wide = math.ceil(math.sqrt(2 * count))
    assert rows * columns <= math.ceil(count / twice_as_wide) * twice_as_wide


def test_wide_tiles_stand_in_fewer_columns():
    assert grid_columns(8, aspect=3) == grid_columns(32, aspect=12) == 4


@pytest.mark.parametrize("columns", [1, 3, 7])
def test_every_tile_is_in_its_place_and_nothing_else_is(columns):
    count, height, width, gap = 7, 5, 3, 2
    tiles = np.random.default_rng(0).uniform(0.1, 0.9, (count, height, width))
    layout = Mosaic(tiles, columns, gap)
    image = layout.image.copy()
    rows = math.ceil(count / columns)
    assert image.shape == layout.shape == (rows * (height + gap) - gap, columns * (width + gap) - gap)
    for index, tile in enumerate(tiles):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        window = image[top : top + height, left : left + width]
        np.testing.assert_array_equal(window, tile)
        window[:] = np.nan
    assert np.all(np.isnan(image))


def test_rows_are_numbered_from_zero_to_the_last_tile():
    layout = Mosaic(np.zeros((10, 5, 3)), columns=4, gap=1)
    assert layout.row_names == ["0-3", "4-7", "8-9"]
    assert list(layout.row_centres) == [2, 8, 14]
    assert list(layout.column_centres) == [1, 5, 9, 13]


def test_each_tile_is_outlined_at_the_edge_of_its_pixels():
    axes = new_figure(3.0, "").subplots()
    layout = Mosaic(np.zeros((3, 5, 7)), columns=2, gap=1)
    layout.draw(axes, 1.0)
    (outlines,) = axes.collections
    corners = [(*path.vertices.min(axis=0), *path.vertices.max(axis=0)) for path in outlines.get_paths()]
    assert corners == [(-0.5, -0.5, 6.5, 4.5), (7.5, -0.5, 14.5, 4.5), (-0.5, 5.5, 6.5, 10.5)]


def test_each_part_of_a_tile_is_outlined():
    axes = new_figure(3.0, "").subplots()
    Mosaic(np.zeros((2, 5, 6)), columns=2, gap=1, parts=3).draw(axes, 1.0)
    (outlines,) = axes.collections
    lefts = [path.vertices[:, 0].min() for path in outlines.get_paths()]
    assert lefts == [-0.5, 1.5, 3.5, 6.5, 8.5, 10.5]


@pytest.mark.parametrize(("limit", "shown"), [(0.3, 0.3), (0.0, 1.0)])
def test_white_is_zero_on_a_scale_of_two_colours(limit, shown):
    artist = Mosaic(np.zeros((1, 5, 3)), columns=1, gap=1).draw(new_figure(3.0, "").subplots(), limit)
    assert artist.get_clim() == (-shown, shown)
    assert min(artist.to_rgba(0.0)) > 0.95
    red, blue = artist.to_rgba(shown), artist.to_rgba(-shown)
    assert red[0] > red[2]
    assert blue[2] > blue[0]
