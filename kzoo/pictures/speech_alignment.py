"""When in an utterance each token of a transcript was heard (Chorowski et al., 2015, figure 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.alignment import draw_weights
from kzoo.pictures.figure import SMALL_SIZE, TEXT_SIZE, new_figure
from kzoo.pictures.spectrogram import draw_frames

if TYPE_CHECKING:
    from kzoo.layers import LogMelSpectrogram

_SPECTROGRAM, _TOKEN, _LEAST = 2.0, 0.14, 1.5
"""Inches: the spectrogram, a written token, and what is written altogether."""


def speech_alignment(
    frames: np.ndarray,
    written: Sequence[str],
    weights: np.ndarray,
    transform: LogMelSpectrogram,
    *,
    title: str = "",
) -> Figure:
    """Draw a spectrogram, and below it over the same time the attention of each written token, downwards.

    Args:
        frames: `(time, mel bins)`, without padding.
        written: the tokens.
        weights: `(written, encoder frames)`, each row a distribution. The encoder's frames share the time of
            the spectrogram evenly, however many they are.
        transform: what made the frames.
        title: the model and where the utterance comes from.
    """
    heights = _SPECTROGRAM, max(_LEAST, _TOKEN * len(written))
    figure = new_figure(sum(heights) + 1.0, title)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    draw_frames(above, frames, transform)
    edges = (0, len(frames) * transform.seconds_per_frame, len(written) - 0.5, -0.5)
    draw_weights(below, written, weights, aspect="auto", extent=edges)
    below.set_xlabel("seconds", fontsize=TEXT_SIZE)
    below.tick_params(axis="x", labelsize=SMALL_SIZE, length=2)
    return figure
