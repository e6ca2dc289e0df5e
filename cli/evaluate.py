"""The `kzoo evaluate` command."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .decoding_options import (
    BeamOption,
    EnsembleOption,
    MethodOption,
    PenaltyOption,
    SamplesOption,
    SeedOption,
    TemperatureOption,
    TopKOption,
    TopPOption,
    spell_decoding,
    to_decoding,
)
from .options import (
    BackendOption,
    CheckpointOption,
    DataDir,
    Json,
    Run,
    checkpoint_name,
    open_with_backend,
)
from .output import console, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence


class SplitName(StrEnum):
    """The splits of a data set."""

    train = "train"
    validation = "validation"
    test = "test"


def evaluate(
    run: Run,
    split: Annotated[SplitName, typer.Option(help="The split to evaluate on.")] = SplitName.test,
    checkpoint: CheckpointOption = None,
    decoding: MethodOption = None,
    beam: BeamOption = None,
    length_penalty: PenaltyOption = None,
    top_p: TopPOption = None,
    top_k: TopKOption = None,
    temperature: TemperatureOption = None,
    samples: SamplesOption = None,
    seed: SeedOption = None,
    ensemble: EnsembleOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Write each hypothesis with its references, score and distance as a line of JSON.",
        ),
    ] = None,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Evaluate a run's model on a split of its data.

    For a classifier: the loss, the accuracy, the confusion matrix and the metrics of each class. For a
    sequence model: error rates, similarities or BLEU, with 95 % bootstrap intervals.
    """
    open_with_backend(run, backend)
    from kzoo.api import load
    from kzoo.files import atomic_write_text

    wanted = to_decoding(
        decoding,
        beam=beam,
        length_penalty=length_penalty,
        top_p=top_p,
        top_k=top_k,
        temperature=temperature,
        samples=samples,
        seed=seed,
    )
    predictor = load(run, *(ensemble or []), checkpoint=checkpoint_name(checkpoint))
    found = predictor.evaluate(split.value, wanted, data_dir=data_dir)
    if out is not None:
        lines = (json.dumps(hypothesis, ensure_ascii=False) for hypothesis in found.hypotheses)
        atomic_write_text(out, "".join(f"{line}\n" for line in lines))
    if as_json:
        print_json(found.metrics)
    elif "classes" in found.metrics:
        _print_classes(found.metrics)
    else:
        _print_sequences(found.metrics)


COMMANDS = (evaluate,)

_MOST_CONFUSIONS = 20


def model_and_split(figures: dict[str, Any]) -> str:
    """Name what was measured and on what: "last model (epoch 50) on spa-eng test"."""
    stand_in = " (stand-in)" if figures["data"]["stand_in"] else ""
    epochs = ", ".join("?" if epoch is None else str(epoch) for epoch in figures["epochs"])
    model = f"{figures['checkpoint']} model (epoch {epochs})"
    return f"{model} on {figures['data']['name']}{stand_in} {figures['split']}"


def _print_classes(figures: dict[str, Any]) -> None:
    rows = [
        (row["name"], *(f"{row[key]:.4f}" for key in ("precision", "recall", "f1")), f"{row['support']:,}")
        for row in figures["classes"]
    ]
    title = (
        f"{model_and_split(figures)}: accuracy {figures['accuracy']:.4f}, loss {figures['loss']:.4f}, "
        f"{figures['count']:,} images"
    )
    print_table("class", ">precision", ">recall", ">F1", ">images", rows=rows, title=title)
    names, matrix = [row["name"] for row in figures["classes"]], figures["confusion_matrix"]
    columns, cells = _matrix_cells(names, matrix, console().width)
    if _width(columns, cells) <= console().width:
        title = "confusion matrix: rows are true classes, columns are predicted classes"
        print_table("", *(f">{column}" for column in columns[1:]), rows=cells, title=title)
    else:
        _print_confusions(names, matrix)


def _matrix_cells(
    names: Sequence[str], matrix: Sequence[Sequence[int]], width: int
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the column heads and the rows of a confusion matrix, with heads cut to the available width.

    If two heads become equal, the classes are numbered instead. Predictions outside the classes have a column
    of their own if there are any.
    """
    from rich.cells import cell_len, chop_cells

    outside = ["none"] * any(row[-1] for row in matrix)
    room = (width - 2 - max(map(cell_len, names))) // len([*names, *outside]) - 2
    heads = [chop_cells(name, max(room, 1))[0] for name in names]
    if len(set(heads)) < len(heads):
        heads = [str(number) for number, _ in enumerate(names)]
        names = [f"{number} {name}" for number, name in enumerate(names)]
    columns = ["", *heads, *outside]
    rows = [(name, *map(str, counts))[: len(columns)] for name, counts in zip(names, matrix, strict=True)]
    return columns, rows


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return the width of a table in which no cell is folded."""
    from rich.cells import cell_len

    return sum(2 + max(map(cell_len, column)) for column in zip(columns, *rows, strict=True))


def _print_confusions(names: Sequence[str], matrix: Sequence[Sequence[int]]) -> None:
    """Print the most frequent confusions, for a matrix that is wider than the terminal."""
    predicted = [*names, "none"]
    found = [
        (count, count / sum(counts), name, predicted[column])
        for row, (name, counts) in enumerate(zip(names, matrix, strict=True))
        for column, count in enumerate(counts)
        if count and column != row
    ]
    most = sorted(found, reverse=True)[:_MOST_CONFUSIONS]
    rows = [(true, other, f"{count:,}", f"{share:.4f}") for count, share, true, other in most]
    title = f"the {len(rows)} most frequent of {len(found)} confusions; the whole matrix with --json"
    print_table("true", "predicted", ">images", ">share of the true", rows=rows, title=title)


def _print_sequences(figures: dict[str, Any]) -> None:
    spelled = spell_decoding(figures["decoding"])
    models = f"{len(figures['runs'])} models together: " if len(figures["runs"]) > 1 else ""
    title = f"{models}{model_and_split(figures)}, {figures['count']:,} {figures['noun']}, {spelled}"
    intervals = figures["intervals"]
    rows = [
        (
            _label(name),
            f"{value:.4f}",
            "{:.4f} to {:.4f}".format(*intervals[name]) if name in intervals else "",
        )
        for name, value in figures.items()
        if isinstance(value, float)
    ]
    print_table("", ">measured", "95 % interval", rows=rows, title=title)


def _label(name: str) -> str:
    """Return the label of a metric, also as reports call it: "word error rate (WER) @3"."""
    from kzoo.metrics.table import find_metric

    _, at, passes = name.partition("_at_")
    return find_metric(f"test_{name}").title + (f" @{passes}" if at else "")
