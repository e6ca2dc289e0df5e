"""The attention of each output token to the frames of an utterance (Chorowski et al., 2015, figure 2)."""

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
"""Heights in inches: the spectrogram, an output token, and the least height of all output tokens."""


def speech_alignment(
    frames: np.ndarray,
    written: Sequence[str],
    weights: np.ndarray,
    transform: LogMelSpectrogram,
    *,
    title: str = "",
) -> Figure:
    """Draw a spectrogram, and below it, over the same time, the attention of each output token.

    Args:
        frames: `(time, mel bins)`, without padding.
        written: the output tokens.
        weights: `(written, encoder frames)`, each row a distribution. The encoder frames divide the time of
            the spectrogram evenly.
        transform: the layer that made the frames.
        title: the model and the origin of the utterance.
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
