"""Pictures of log-mel spectrograms, the input of a speech model (R004 3)."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.figure import SMALL_SIZE, TEXT_SIZE, colour_bar, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kzoo.layers import LogMelSpectrogram

_MARKS = tuple(250 * 2**octave for octave in range(9))
"""The marked frequencies in Hz; those above the Nyquist frequency are left out."""


def spectrogram(frames: np.ndarray, transform: LogMelSpectrogram, *, title: str = "") -> Figure:
    """Draw the log-mel spectrogram of an utterance, time to the right and mel bins upwards.

    Args:
        frames: `(time, mel bins)`, without padding.
        transform: the layer that made the frames; it has their duration and the frequencies of the bins.
        title: the utterance and its origin.
    """
    figure = new_figure(3.0, title)
    axes = figure.subplots()
    draw_frames(axes, frames, transform)
    axes.set_xlabel("seconds", fontsize=TEXT_SIZE)
    return figure


def draw_frames(axes: Axes, frames: np.ndarray, transform: LogMelSpectrogram) -> None:
    """Draw frames `(time, mel bins)` over seconds and Hz, with a colour bar; all bins are equally high."""
    time, bins = frames.shape
    artist = axes.imshow(
        frames.T,
        cmap="magma",
        origin="lower",
        aspect="auto",
        extent=(0, time * transform.seconds_per_frame, -0.5, bins - 0.5),
    )
    _mark_frequencies(axes, transform)
    axes.set_ylabel("Hz", fontsize=TEXT_SIZE)
    axes.tick_params(labelsize=SMALL_SIZE, length=2)
    axes.spines[:].set_visible(False)
    colour_bar(axes, artist, "log power, scaled")


def _mark_frequencies(axes: Axes, transform: LogMelSpectrogram) -> None:
    """Mark octaves, interpolated between the centres of the bins; the edges are 0 Hz and rate / 2."""
    nyquist, bins = transform.rate / 2, transform.mels
    marks = list(takewhile(lambda mark: mark <= nyquist, _MARKS))
    known = [0, *transform.frequencies, nyquist]
    places = np.interp(marks, known, [-0.5, *range(bins), bins - 0.5])
    axes.set_yticks(places, [f"{mark // 1000}k" if mark >= 1000 else str(mark) for mark in marks])
