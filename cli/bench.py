"""The `kzoo bench` commands."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from .attention_table import print_attention
from .options import BackendOption, DataDir, Json, Settings, complete_recipe, start_backend
from .output import console, error_console, print_json
from .race_table import print_decoding, print_training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kzoo.bench.machine import Report
    from kzoo.bench.record import Speed

Figures = dict[str, Any]
Task = TypeVar("Task")

app = typer.Typer(help="Measure speed.", no_args_is_help=True)


Against = Annotated[
    Path | None,
    typer.Option(help="The PyTorch networks, a Python file or package; by default kzoo's own."),
]
Wait = Annotated[
    float,
    typer.Option(min=0, metavar="SECONDS", help="Wait at most this long until the machine is idle."),
]
Record = Annotated[bool, typer.Option("--record", help="Store the measured speeds in the repository.")]


@app.command()
def train(
    recipes: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE",
            help="Models of the zoo or recipe files (.yaml).",
            autocompletion=complete_recipe,
        ),
    ],
    against: Against = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Time whole epochs with evaluation and files instead of steps.")
    ] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps per round; by default 256.")] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Number of rounds; by default 7, or 3 epochs with --whole.")
    ] = None,
    set_: Settings = None,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    wait: Wait = 60.0,
    record: Record = False,
    as_json: Json = False,
) -> None:
    """Race the training of recipes against the same networks in plain PyTorch and in Keras's fit.

    All train on the same examples in the same order. They take turns, each in its own process, which is idle
    while another one works. PyTorch runs with one thread and with all; the faster counts. --json prints a
    list.
    """
    from kzoo import runtime
    from kzoo.bench.record import speed_of_training
    from kzoo.bench.task import TrainingTask
    from kzoo.bench.training_race import check_reference, race_runs, race_steps
    from kzoo.errors import UsageError
    from kzoo.recipe import changed_keys, load_recipe, parse_setting

    if whole and steps is not None:
        raise UsageError("--whole races over epochs: give it --rounds, not --steps")
    check_reference(against)
    settings = dict(map(parse_setting, set_ or []))

    def task(name: str) -> TrainingTask:
        published = load_recipe(name)
        chosen = runtime.choose_backend(backend, published.runtime.backend)
        recipe = load_recipe(name, settings | {"runtime.backend": chosen})
        return TrainingTask(
            recipe=recipe,
            changed=changed_keys(recipe, published),
            data_dir=data_dir,
            against=against,
            steps=None if whole else steps or 256,
            rounds=rounds or (3 if whole else 7),
        )

    _race_all(
        list(map(task, recipes)),
        race_runs if whole else race_steps,
        print_training,
        speed_of_training if record else None,
        wait=wait,
        as_json=as_json,
    )


@app.command()
def decode(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Folders of runs.", file_okay=False)],
    against: Against = None,
    beam: Annotated[int, typer.Option(min=1, help="The width of kzoo's beam search.")] = 4,
    batched: Annotated[int, typer.Option(min=1, help="Number of test sources to decode in batches.")] = 1000,
    single: Annotated[int, typer.Option(min=1, help="How many PyTorch also decodes one by one.")] = 100,
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds after the first.")] = 7,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    wait: Wait = 60.0,
    record: Record = False,
    as_json: Json = False,
) -> None:
    """Race the decoding of runs' test sets against plain PyTorch with the same weights.

    PyTorch runs with one thread and with all; the faster counts. --json prints a list.
    """
    from kzoo import runtime
    from kzoo.bench.decoding_race import race_decoding
    from kzoo.bench.record import speed_of_decoding
    from kzoo.bench.task import DecodingTask
    from kzoo.bench.training_race import check_reference
    from kzoo.tasks import check_writes
    from kzoo.training.run import open_run

    check_reference(against)

    def task(path: Path) -> DecodingTask:
        folder = open_run(path)
        check_writes(folder, "kzoo bench decode")
        return DecodingTask(
            run=path,
            data_dir=data_dir,
            against=against,
            backend=runtime.choose_backend(backend, folder.recipe().runtime.backend),
            batched=batched,
            single=single,
            beam=beam,
            rounds=rounds,
        )

    _race_all(
        list(map(task, runs)),
        race_decoding,
        print_decoding,
        speed_of_decoding if record else None,
        wait=wait,
        as_json=as_json,
    )


def _report(line: str) -> None:
    error_console().print(line, soft_wrap=True)


def _race_all(
    tasks: Sequence[Task],
    race: Callable[[Task, Report], Figures],
    show: Callable[[Figures], None],
    as_speed: Callable[[Figures], Speed] | None,
    *,
    wait: float,
    as_json: bool,
) -> None:
    """Race the tasks one after the other on an idle machine; print each result and record it if asked to."""
    from kzoo.bench.machine import wait_until_idle
    from kzoo.bench.record import check_idle, check_record, keep

    if as_speed:
        check_record()
    raced = []
    for task in tasks:
        watch = wait_until_idle(wait, _report)
        if as_speed:
            check_idle(watch.before)
        figures = {**race(task, _report), **watch.facts()}
        raced.append(figures)
        if not as_json:
            show(figures)
        if as_speed:
            _report(f"recorded in {keep(as_speed(figures))}")
    if as_json:
        print_json(raced)


@app.command()
def attention(
    lengths: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Numbers of queries and keys; by default 256, 1024, ... 65536."),
    ] = None,
    dims: Annotated[
        list[int] | None, typer.Option(min=1, help="Features of a query; by default 16, 32, 64.")
    ] = None,
    backward: Annotated[bool, typer.Option("--backward", help="Also time the gradients.")] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Also measure the memory, each case in its own process.")
    ] = False,
    memory_limit: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="MB", help="Skip cases whose scores need more; by default the free memory."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The result folder; by default runs/bench-attention-<date>-<time>.")
    ] = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Time softmax and linear attention at several lengths, and say where one overtakes the other.

    The result folder contains result.json with the environment, result.csv and crossover.png.
    """
    chosen = start_backend(backend)
    from kzoo import runtime
    from kzoo.bench import attention as bench
    from kzoo.files import atomic_write_text, make_empty
    from kzoo.pictures.crossover import crossover
    from kzoo.pictures.figure import save

    folder = out or Path("runs") / time.strftime("bench-attention-%Y%m%d-%H%M%S")
    make_empty(folder, "empty it")
    rows = bench.race(
        sorted(set(lengths or _LENGTHS)),
        sorted(set(dims or _DIMS)),
        backward=backward,
        memory_backend=chosen if memory else None,
        memory_limit=bench.free_memory() if memory_limit is None else memory_limit * 10**6,
        report=_report,
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
