"""`kzoo bench`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from .attention_table import print_attention
from .decoding_table import print_caution, print_decoding
from .options import BackendOption, DataDir, Json, Run, Settings, complete_recipe, start_backend
from .output import console, error_console, print_json, print_table

app = typer.Typer(help="Measure speed.", no_args_is_help=True)


@app.command()
def train(
    recipe: Annotated[
        str,
        typer.Argument(help="A model of the zoo or a recipe file (.yaml).", autocompletion=complete_recipe),
    ],
    against: Annotated[
        Path | None,
        typer.Option(help="The references in PyTorch: a Python file or package; otherwise the repository's."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Whole epochs with all their evaluation and files, not steps.")
    ] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps a round; otherwise 256.")] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds; otherwise 7, or 3 epochs with --whole.")
    ] = None,
    set_: Settings = None,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Race the training of a recipe against the same network in plain PyTorch.

    Both train on the same examples, images in the same order, by turns, each in a process of its own that is
    idle while the other works.
    """
    from kzoo import runtime
    from kzoo.bench.task import TrainingTask
    from kzoo.bench.training import find_reference, race_runs, race_steps
    from kzoo.errors import UsageError
    from kzoo.recipe import load_recipe, parse_setting

    if whole and steps is not None:
        raise UsageError("--whole races over epochs: give it --rounds, not --steps")
    chosen = runtime.choose_backend(backend, load_recipe(recipe).runtime.backend)
    settings = dict(map(parse_setting, set_ or [])) | {"runtime.backend": chosen}
    task = TrainingTask(
        recipe=load_recipe(recipe, settings),
        data_dir=data_dir,
        against=find_reference(against),
        steps=None if whole else steps or 256,
        rounds=rounds or (3 if whole else 7),
    )
    screen = error_console()
    figures = (race_runs if whole else race_steps)(task, lambda line: screen.print(line, soft_wrap=True))
    if as_json:
        print_json(figures)
        return
    _print_figures(figures, _RUN_ROWS if whole else _STEP_ROWS)


@app.command()
def decode(
    run: Run,
    against: Annotated[
        Path | None,
        typer.Option(help="The references in PyTorch: a Python file or package; otherwise the repository's."),
    ] = None,
    beam: Annotated[int, typer.Option(min=1, help="The width of kzoo's beam search.")] = 4,
    batched: Annotated[int, typer.Option(min=1, help="Test sources that are decoded in batches.")] = 1000,
    single: Annotated[int, typer.Option(min=1, help="Those that PyTorch decodes one by one too.")] = 100,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds after the first.")] = 7,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Race the decoding of a run's test set against plain PyTorch with the same weights."""
    from kzoo import runtime
    from kzoo.bench.decoding import race_decoding
    from kzoo.bench.task import DecodingTask
    from kzoo.bench.training import find_reference
    from kzoo.training.run import open_run

    task = DecodingTask(
        run=run,
        data_dir=data_dir,
        against=find_reference(against),
        backend=runtime.choose_backend(backend, open_run(run).recipe().runtime.backend),
        batched=batched,
        single=single,
        beam=beam,
        rounds=rounds,
    )
    screen = error_console()
    figures = race_decoding(task, lambda line: screen.print(line, soft_wrap=True))
    if as_json:
        print_json(figures)
    else:
        print_decoding(figures)


@app.command()
def attention(
    lengths: Annotated[
        list[int] | None, typer.Option(min=1, help="Queries and keys; otherwise 256, 1024, ... 65536.")
    ] = None,
    dims: Annotated[
        list[int] | None, typer.Option(min=1, help="Features of a query; otherwise 16, 32, 64.")
    ] = None,
    backward: Annotated[bool, typer.Option("--backward", help="Time the gradients too.")] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Measure the memory too, a process for each case.")
    ] = False,
    memory_limit: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="MB", help="Leave out what needs more for its scores; otherwise all free memory."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The result folder; otherwise runs/bench-attention-<date>-<time>.")
    ] = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Time softmax and linear attention against the length, and say where one overtakes the other.

    The result folder gets result.json with the environment, result.csv and crossover.png.
    """
    chosen = start_backend(backend)
    from kzoo import runtime
    from kzoo.bench import attention as bench
    from kzoo.files import atomic_write_text, make_empty
    from kzoo.reporting.crossover import crossover
    from kzoo.reporting.figure import save

    folder = out or Path("runs") / time.strftime("bench-attention-%Y%m%d-%H%M%S")
    make_empty(folder, "empty it")
    screen = error_console()
    rows = bench.race(
        sorted(set(lengths or _LENGTHS)),
        sorted(set(dims or _DIMS)),
        backward=backward,
        memory_backend=chosen if memory else None,
        memory_limit=bench.free_memory() if memory_limit is None else memory_limit * 10**6,
        report=lambda line: screen.print(line, soft_wrap=True),
    )
    crossings = bench.crossovers(rows)
    result = {"environment": runtime.environment(), "rows": rows, "crossovers": crossings}
    atomic_write_text(folder / "result.json", json.dumps(result, indent=2) + "\n")
    atomic_write_text(folder / "result.csv", bench.as_csv(rows))
    title = f"Attention with one head, {chosen}, {runtime.device()}"
    save(crossover(rows, crossings, title=title), folder / "crossover.png")
    if as_json:
        print_json(result)
        return
    print_attention(title, rows, crossings)
    console().print(str(folder), soft_wrap=True)


_LENGTHS, _DIMS = (256, 1_024, 4_096, 16_384, 65_536), (16, 32, 64)

_START_ROWS = {"import, s": ("import_seconds", ".1f"), "data, s": ("data_seconds", ".1f")}
_STEP_ROWS = {
    "{noun}/s": ("examples_per_second", ",.0f"),
    **_START_ROWS,
    "first step, s": ("first_step_seconds", ".1f"),
}
_RUN_ROWS = {
    "whole run, s": ("run_seconds", ",.0f"),
    **_START_ROWS,
    "an epoch, s": ("median_epoch_seconds", ".1f"),
    "the end, s": ("end_seconds", ".1f"),
}


def _print_figures(figures: dict[str, Any], rows: dict[str, tuple[str, str]]) -> None:
    sides, data = (figures["kzoo"], figures["reference"]), figures["data"]
    console().print(
        f"{figures['recipe']} on {data['name']}{' (stand-in)' if data['stand_in'] else ''}, "
        f"batch {figures['batch_size']}, {figures['optimizer']}, {sides[0]['device']}",
        style="bold",
        soft_wrap=True,
    )
    print_table(
        "",
        f">kzoo, {sides[0]['framework']}",
        ">plain PyTorch",
        rows=[
            (label.format(noun=figures["noun"]), *(format(side[key], digits) for side in sides))
            for label, (key, digits) in rows.items()
        ],
    )
    low, high = min(figures["ratios"]), max(figures["ratios"])
    console().print(
        f"kzoo is {figures['ratio']:.2f} times as fast as plain PyTorch ({low:.2f} to {high:.2f} by round)"
    )
    print_caution(figures)
