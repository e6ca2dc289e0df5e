"""Training loss and what was measured on the validation set per epoch, as every report draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from kzoo.errors import UsageError
from kzoo.reporting.figure import COLOURS, SMALL_SIZE, WIDTH, new_figure, style_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

History = Mapping[str, Sequence[float]]
"""A row an epoch: epoch, train_loss, train_loss_running, validation_loss, and what was measured beside it."""

_MEASURES = {
    "validation_accuracy": ("Validation accuracy", "accuracy", np.nanargmax),
    "validation_error_rate": ("Validation error rate", "error rate, mean over sequences", np.nanargmin),
    "validation_bleu_4": ("Validation BLEU-4", "BLEU-4, mean over images", np.nanargmax),
    "validation_damerau_levenshtein": (
        "Validation similarity",
        "Damerau-Levenshtein similarity, mean over clips",
        np.nanargmax,
    ),
}
"""The columns that may be drawn, first come: title, axis, and where the best is."""

_STYLES = ("-", "--", ":", "-.")


def curves(runs: Mapping[str, History], *, running: bool = False, title: str = "") -> Figure:
    """Draw the training loss and the validation accuracy, what else was measured of some runs.

    A star marks a run's first epoch of highest accuracy, of lowest error rate or of highest BLEU-4.

    Args:
        runs: the history of each run by its label; a label must say that its data is a stand-in.
        running: draw the loss that the reports print, the mean since epoch 1 (`train_loss_running`),
            in place of each epoch's own mean.
        title: what the runs have in common.

    Raises:
        UsageError: the runs have none of these, or not all the same one.
    """
    measure = _common_measure(runs)
    panel, axis, best_place = _MEASURES[measure]
    columns = _legend_columns(runs)
    figure = new_figure(3.4 + 0.17 * math.ceil((len(runs) + 1) / columns), title)
    loss_axes, measure_axes = figure.subplots(1, 2)
    loss = "train_loss_running" if running else "train_loss"
    lines = []
    for place, (label, history) in enumerate(runs.items()):
        colour = COLOURS[place % len(COLOURS)]
        style = _STYLES[place // len(COLOURS) % len(_STYLES)]
        lines.append(_draw(loss_axes, history, loss, label, colour, style))
        _draw(measure_axes, history, measure, label, colour, style)
        _mark_best(measure_axes, history["epoch"], history[measure], best_place, colour)
    style_plot(
        loss_axes,
        "Training loss",
        "epoch",
        "loss, mean since epoch 1" if running else "loss, mean of the epoch",
    )
    style_plot(measure_axes, panel, "epoch", axis)
    for axes in (loss_axes, measure_axes):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    best = Line2D([], [], color="0.4", linestyle="none", marker="*", markersize=9, label="best epoch")
    figure.legend(
        handles=[*lines, best],
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=SMALL_SIZE,
    )
    return figure


def drawn_measure(history: History) -> str | None:
    """The column of a history that is drawn beside the loss; runs with the same one may be drawn together."""
    return next((measure for measure in _MEASURES if measure in history), None)


def _common_measure(runs: Mapping[str, History]) -> str:
    for measure in _MEASURES:
        having = [measure in history for history in runs.values()]
        if all(having):
            return measure
        if any(having):
            raise UsageError(f"some of these runs have a {measure}, others none: draw them apart")
    raise UsageError(f"these runs have no {', '.join(_MEASURES)} to draw")


def _legend_columns(labels: Collection[str]) -> int:
    """As many as fit: a character of the legend is about 0.07 inches wide, a line and its gaps 0.7."""
    widest = 0.07 * max(map(len, labels), default=0) + 0.7
    return max(1, min(int(WIDTH / widest), len(labels) + 1))


def _draw(axes: Axes, history: History, column: str, label: str, colour: str, style: str) -> Line2D:
    values = np.asarray(history[column], dtype=float)
    # A line through one point is invisible.
    marker = "o" if np.isfinite(values).sum() == 1 else ""
    (line,) = axes.plot(
        history["epoch"], values, label=label, color=colour, linestyle=style, marker=marker, markersize=5
    )
    return line


def _mark_best(
    axes: Axes,
    epochs: Sequence[float],
    measured: Sequence[float],
    best_place: Callable[[np.ndarray], np.intp],
    colour: str,
) -> None:
    values = np.asarray(measured, dtype=float)
    if np.isfinite(values).any():
        best = int(best_place(values))
        axes.plot(
            epochs[best],
            values[best],
            color=colour,
            marker="*",
            markersize=12,
            markeredgecolor="white",
            clip_on=False,
            zorder=3,
        )
