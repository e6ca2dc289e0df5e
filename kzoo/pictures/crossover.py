"""The time of softmax and linear attention over the sequence length, and where the curves cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from kzoo.pictures.figure import COLOURS, SMALL_SIZE, new_figure, style_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Sequence[Mapping[str, Any]]


def crossover(rows: Rows, crossings: Rows, *, title: str = "") -> Figure:
    """Draw milliseconds over the sequence length for each method, with a panel for each dim and pass.

    A ring marks the length from which on a linear attention is faster than every softmax attention.

    Args:
        rows: the rows that `kzoo.bench.attention.race` returns.
        crossings: the rows that `kzoo.bench.attention.crossovers` returns.
        title: the backend and the device of the measurement.
    """
    dims, passes = (sorted({row[key] for row in rows}) for key in ("dim", "backward"))
    colours = dict(zip(dict.fromkeys(row["method"] for row in rows), COLOURS, strict=False))
    figure = new_figure(3.4 * len(passes) + 0.5, title)
    panels = figure.subplots(len(passes), len(dims), sharex=True, sharey="row", squeeze=False)
    for (place, backward), (column, dim) in product(enumerate(passes), enumerate(dims)):
        axes = panels[place, column]
        key = {"dim": dim, "backward": backward}
        for method, colour in colours.items():
            _draw_method(axes, _select(rows, key | {"method": method}), method, colour)
        _mark_crossings(axes, _select(crossings, key), colours)
        what = "forward and backward" if backward else "forward"
        style_plot(axes, f"D = {dim}, {what}", "length L", "" if column else "milliseconds")
        _set_scales(axes, sorted({row["length"] for row in rows}))
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=SMALL_SIZE,
    )
    return figure


def _select(rows: Rows, key: dict[str, Any]) -> Rows:
    """Return the rows that have the values of the key."""
    return [row for row in rows if all(row[name] == value for name, value in key.items())]


def _draw_method(axes: Axes, rows: Rows, method: str, colour: str) -> None:
    """Draw the line of one method, without the rows that were not timed."""
    timed = [(row["length"], 1e3 * row["seconds"]) for row in rows if row["seconds"] is not None]
    lengths, milliseconds = zip(*timed, strict=True) if timed else ((), ())
    axes.plot(lengths, milliseconds, label=method, color=colour, marker=".", markersize=5, linewidth=1.3)


def _mark_crossings(axes: Axes, crossings: Rows, colours: Mapping[str, str]) -> None:
    """Draw a ring at each crossing, and write its length in the corner in the colour of the method."""
    crossed = [crossing for crossing in crossings if crossing["length"] is not None]
    for place, crossing in enumerate(crossed):
        colour = colours[crossing["method"]]
        point = crossing["length"], 1e3 * crossing["seconds"]
        axes.plot(*point, color=colour, marker="o", markersize=9, markerfacecolor="none", zorder=3)
        axes.annotate(
            f"faster from L = {crossing['length']:,.0f}",
            (0.02, 0.98),
            xytext=(0, -1.4 * SMALL_SIZE * place),
            xycoords="axes fraction",
            textcoords="offset points",
            verticalalignment="top",
            color=colour,
            fontsize=SMALL_SIZE,
        )


def _set_scales(axes: Axes, lengths: Sequence[int]) -> None:
    """Make both axes logarithmic, with a tick at each measured length."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(lengths, [f"{length:,}" for length in lengths])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
