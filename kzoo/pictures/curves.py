"""Curves of the training loss and a validation metric over the epochs, as every report draws them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from kzoo.errors import UsageError
from kzoo.metrics.table import METRICS, Metric, label_of
from kzoo.pictures.figure import COLOURS, SMALL_SIZE, WIDTH, new_figure, plain, style_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

History = Mapping[str, Sequence[float]]
"""Columns with a value per epoch: epoch, train_loss, train_loss_running, and validation metrics."""

_STYLES = ("-", "--", ":", "-.")


def curves(runs: Mapping[str, History], metric: Metric, *, running: bool = False, title: str = "") -> Figure:
    """Draw the training loss and a validation metric of runs; a star marks each run's first best epoch.

    Args:
        runs: the history of each run by its label; a label must say that its data is a stand-in.
        metric: the metric by which the runs' epochs are compared, so that the star marks the best model.
        running: draw `train_loss_running`, the mean since epoch 1 that the reports print, instead of the
            mean of each epoch.
        title: what the runs have in common.

    Raises:
        UsageError: a run does not have the metric.
    """
    measure = f"validation_{metric.name}"
    for label, history in runs.items():
        if measure not in history:
            raise UsageError(f"{label} has no {label_of(measure)}: draw runs of one task together")
    columns = _legend_columns(runs)
    figure = new_figure(3.4 + 0.17 * math.ceil((len(runs) + 1) / columns), title)
    loss_axes, measure_axes = figure.subplots(1, 2)
    loss = METRICS["loss_running" if running else "loss"]
    lines = []
    for place, (label, history) in enumerate(runs.items()):
        colour = COLOURS[place % len(COLOURS)]
        style = _STYLES[place // len(COLOURS) % len(_STYLES)]
        lines.append(_draw(loss_axes, history, f"train_{loss.name}", plain(label), colour, style))
        _draw(measure_axes, history, measure, plain(label), colour, style)
        _mark_best(measure_axes, history["epoch"], history[measure], metric, colour)
    style_plot(loss_axes, "Training loss", "epoch", loss.axis)
    style_plot(measure_axes, f"Validation {metric.label}", "epoch", metric.axis)
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


def _legend_columns(labels: Collection[str]) -> int:
    """Return the number of columns that fit: a character is about 0.07 inches wide, a line with gaps 0.7."""
    widest = 0.07 * max(map(len, labels), default=0) + 0.7
    return max(1, min(int(WIDTH / widest), len(labels) + 1))


def _draw(axes: Axes, history: History, column: str, label: str, colour: str, style: str) -> Line2D:
    """Draw a column of a history over the epochs."""
    values = np.asarray(history[column], dtype=float)
    # A line through a single point is invisible, so the point gets a marker.
    marker = "o" if np.isfinite(values).sum() == 1 else ""
    (line,) = axes.plot(
        history["epoch"], values, label=label, color=colour, linestyle=style, marker=marker, markersize=5
    )
    return line


def _mark_best(
    axes: Axes,
    epochs: Sequence[float],
    measured: Sequence[float],
    metric: Metric,
    colour: str,
) -> None:
    """Draw a star at the best finite value, the first one if there are several."""
    values = np.asarray(measured, dtype=float)
    if np.isfinite(values).any():
        best = int(np.nanargmax(values if metric.higher_is_better else -values))
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
