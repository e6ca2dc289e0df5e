import errno

import numpy as np
import pytest
from PIL import Image

from kzoo.errors import UsageError
from kzoo.pictures.figure import new_figure, save, show_image, style_image


def test_saved_picture_has_the_size_of_the_figure_at_150_dots_an_inch(tmp_path):
    path = tmp_path / "empty.png"
    save(new_figure(3.0, "a title"), path)
    with Image.open(path) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (1200, 450))


def test_a_title_with_dollar_signs_is_no_formula():
    figure = new_figure(3.0, r"$\frac$: kernels")
    style_image(figure.subplots(), r"a $\frac$ of")
    figure.draw_without_rendering()


def test_failed_save_leaves_the_old_picture_alone(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")
    figure = new_figure(3.0, "")

    def break_off(*args, **kwargs):
        raise OSError(errno.ENOSPC, "no space left")

    figure.canvas.print_figure = break_off
    with pytest.raises(OSError, match="no space left"):
        save(figure, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["picture", "picture.keras"])
def test_unknown_format_is_refused_with_a_way_out(tmp_path, name):
    with pytest.raises(UsageError, match=r"use \.png"):
        save(new_figure(3.0, ""), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_suffix_chooses_the_format(tmp_path):
    save(new_figure(3.0, ""), tmp_path / "picture.pdf")
    assert (tmp_path / "picture.pdf").read_bytes().startswith(b"%PDF")


def test_new_figure_leaves_pyplot_alone():
    from matplotlib import _pylab_helpers

    before = len(_pylab_helpers.Gcf.figs)
    new_figure(3.0, "a title")
    assert len(_pylab_helpers.Gcf.figs) == before


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_drawn_on_the_full_scale_of_their_pixels(channels):
    image = np.random.default_rng(0).integers(50, 90, (5, 7, channels), dtype=np.uint8)
    axes = new_figure(3.0, "").subplots()
    show_image(axes, image)
    (artist,) = axes.get_images()
    np.testing.assert_array_equal(np.asarray(artist.get_array()).reshape(image.shape), image)
    assert artist.get_clim() == (0, 255)
