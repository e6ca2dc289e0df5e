"""When in an utterance each token of a transcript was heard (Chorowski et al., 2015, figure 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kzoo.reporting.alignment import draw_weights
from kzoo.reporting.figure import SMALL_SIZE, TEXT_SIZE, new_figure
from kzoo.reporting.spectrogram import draw_frames

_SPECTROGRAM, _TOKEN, _LEAST = 2.0, 0.14, 1.5
"""Inches: the spectrogram, a written token, and what is written altogether."""


def speech_alignment(
    frames: np.ndarray,
    written: Sequence[str],
    weights: np.ndarray,
    *,
    seconds_per_frame: float,
    title: str = "",
) -> Figure:
    """Draw a spectrogram, and below it over the same time the attention of each written token, downwards.

    Args:
        frames: `(time, mel bins)`, without padding.
        written: the tokens.
        weights: `(written, encoder frames)`, each row a distribution. The encoder's frames share the time of
            the spectrogram evenly, however many they are.
        seconds_per_frame: the hop from one frame of the spectrogram to the next.
        title: the model and where the utterance comes from.
    """
    heights = _SPECTROGRAM, max(_LEAST, _TOKEN * len(written))
    figure = new_figure(sum(heights) + 1.0, title)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    draw_frames(above, frames, seconds_per_frame)
    edges = (0, len(frames) * seconds_per_frame, len(written) - 0.5, -0.5)
    draw_weights(below, written, weights, aspect="auto", extent=edges)
    below.set_xlabel("seconds", fontsize=TEXT_SIZE)
    below.tick_params(axis="x", labelsize=SMALL_SIZE, length=2)
    return figure
