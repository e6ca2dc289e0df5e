"""Training loss and validation accuracy per epoch, as every report draws them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from kzoo.reporting.figure import COLOURS, SMALL_SIZE, WIDTH, new_figure, style_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

History = Mapping[str, Sequence[float]]
"""A row an epoch: epoch, train_loss, train_loss_running, validation_loss, validation_accuracy."""

_STYLES = ("-", "--", ":", "-.")


def curves(runs: Mapping[str, History], *, running: bool = False, title: str = "") -> Figure:
    """Draw the training loss and the validation accuracy of some runs, one colour a run.

    A star marks a run's first epoch of highest validation accuracy.

    Args:
        runs: the history of each run by its label; a label must say that its data is a stand-in.
        running: draw the loss that the reports print, the mean since epoch 1 (`train_loss_running`),
            in place of each epoch's own mean.
        title: what the runs have in common.
    """
    columns = _legend_columns(runs)
    figure = new_figure(3.4 + 0.17 * math.ceil((len(runs) + 1) / columns), title)
    loss_axes, accuracy_axes = figure.subplots(1, 2)
    loss = "train_loss_running" if running else "train_loss"
    lines = []
    for place, (label, history) in enumerate(runs.items()):
        colour = COLOURS[place % len(COLOURS)]
        style = _STYLES[place // len(COLOURS) % len(_STYLES)]
        lines.append(_draw(loss_axes, history, loss, label, colour, style))
        _draw(accuracy_axes, history, "validation_accuracy", label, colour, style)
        _mark_best(accuracy_axes, history, colour)
    style_plot(
        loss_axes,
        "Training loss",
        "epoch",
        "loss, mean since epoch 1" if running else "loss, mean of the epoch",
    )
    style_plot(accuracy_axes, "Validation accuracy", "epoch", "accuracy")
    for axes in (loss_axes, accuracy_axes):
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


def _mark_best(axes: Axes, history: History, colour: str) -> None:
    accuracies = np.asarray(history["validation_accuracy"], dtype=float)
    if np.isfinite(accuracies).any():
        best = int(np.nanargmax(accuracies))
        axes.plot(
            history["epoch"][best],
            accuracies[best],
            color=colour,
            marker="*",
            markersize=12,
            markeredgecolor="white",
            clip_on=False,
            zorder=3,
        )
