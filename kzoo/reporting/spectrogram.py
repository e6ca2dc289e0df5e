"""What a model of speech hears: the log-mel spectrogram of an utterance (R004 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.reporting.figure import SMALL_SIZE, TEXT_SIZE, colour_bar, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spectrogram(frames: np.ndarray, *, seconds_per_frame: float, title: str = "") -> Figure:
    """Draw the mel bins of an utterance upwards over its time.

    Args:
        frames: `(time, mel bins)`, without padding.
        seconds_per_frame: the hop from one frame to the next.
        title: the utterance and where it comes from.
    """
    figure = new_figure(3.0, title)
    axes = figure.subplots()
    draw_frames(axes, frames, seconds_per_frame)
    axes.set_xlabel("seconds", fontsize=TEXT_SIZE)
    return figure


def draw_frames(axes: Axes, frames: np.ndarray, seconds_per_frame: float) -> None:
    """Draw `(time, mel bins)` on an axis of seconds, with a colour bar."""
    time, bins = frames.shape
    artist = axes.imshow(
        frames.T,
        cmap="magma",
        origin="lower",
        aspect="auto",
        extent=(0, time * seconds_per_frame, -0.5, bins - 0.5),
    )
    axes.set_ylabel("mel bin", fontsize=TEXT_SIZE)
    axes.tick_params(labelsize=SMALL_SIZE, length=2)
    axes.spines[:].set_visible(False)
    colour_bar(axes, artist, "log power, scaled")
