"""`kzoo evaluate`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from .options import BackendOption, Checkpoint, DataDir, Json, Run, open_with_backend
from .output import print_json, print_table


class SplitName(StrEnum):
    """The splits of a set."""

    train = "train"
    validation = "validation"
    test = "test"


def evaluate(
    run: Run,
    split: Annotated[SplitName, typer.Option(help="Which images.")] = SplitName.test,
    checkpoint: Annotated[
        Checkpoint, typer.Option(help="The reports test the last epoch; best is by validation accuracy.")
    ] = Checkpoint.last,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Measure a run's model: loss, accuracy, confusion matrix and the figures of each class."""
    folder = open_with_backend(run, backend)
    from kzoo.evaluation import evaluate as evaluate_run
    from kzoo.evaluation import load_run_data

    figures = evaluate_run(folder, checkpoint.value, split.value, load_run_data(folder, data_dir))
    if as_json:
        print_json(figures)
    else:
        _print_figures(figures)


COMMANDS = (evaluate,)


def _print_figures(figures: dict[str, Any]) -> None:
    stand_in = " (stand-in)" if figures["data"]["stand_in"] else ""
    rows = [
        (row["name"], *(f"{row[key]:.4f}" for key in ("precision", "recall", "f1")), f"{row['support']:,}")
        for row in figures["classes"]
    ]
    title = (
        f"{figures['checkpoint']} model on {figures['data']['name']}{stand_in} {figures['split']}: "
        f"accuracy {figures['accuracy']:.4f}, loss {figures['loss']:.4f}, {figures['count']:,} images"
    )
    print_table("class", ">precision", ">recall", ">F1", ">images", rows=rows, title=title)
    matrix = [
        (f"{index} {row['name']}", *map(str, counts))
        for index, (row, counts) in enumerate(
            zip(figures["classes"], figures["confusion_matrix"], strict=True)
        )
    ]
    columns = [f">{index}" for index in range(len(matrix))]
    print_table("true \\ predicted", *columns, ">none", rows=matrix, title="confusion matrix")
