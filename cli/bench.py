"""The `kzoo bench` commands."""

from __future__ import annotations

import json
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from .attention_table import print_attention
from .options import (
    Backend,
    BackendOption,
    DataDir,
    Json,
    Run,
    Settings,
    complete_recipe,
    complete_run,
    start_backend,
)
from .output import console, error_console, print_json, print_table
from .race_table import print_caution, print_decoding, print_training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kzoo.bench.machine import Report
    from kzoo.bench.record import Speed
    from kzoo.bench.task import TrainingTask

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
Steps = Annotated[int | None, typer.Option(min=1, help="Steps per round; by default 256.")]


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
    steps: Steps = None,
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
    from kzoo.bench.record import speed_of_training
    from kzoo.bench.training_race import check_reference, race_runs, race_steps
    from kzoo.errors import UsageError
    from kzoo.recipe import parse_setting

    if whole and steps is not None:
        raise UsageError("--whole races over epochs: give it --rounds, not --steps")
    check_reference(against)
    settings = dict(map(parse_setting, set_ or []))
    lengths = {"steps": None, "rounds": rounds or 3} if whole else _step_rounds(steps, rounds)
    _race_all(
        [_task(name, settings, backend, data_dir, against, **lengths) for name in recipes],
        race_runs if whole else race_steps,
        print_training,
        speed_of_training if record else None,
        wait=wait,
        as_json=as_json,
    )


@app.command()
def zoo(
    backends: Annotated[
        list[Backend] | None,
        typer.Option("--backend", help="A backend, as often as wanted; by default each that is installed."),
    ] = None,
    steps: Steps = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Number of rounds; by default 7.")] = None,
    set_: Settings = None,
    data_dir: DataDir = None,
    wait: Wait = 60.0,
    record: Record = False,
    as_json: Json = False,
) -> None:
    """Race the training of every model of the zoo, as train does, on each backend.

    A key of --set counts for the recipes that state it. A recipe that cannot be trained here is named on
    stderr, and the exit code is that of the last such error.
    """
    from kzoo import runtime
    from kzoo.bench.record import speed_of_training
    from kzoo.bench.training_race import check_reference, race_steps
    from kzoo.errors import KzooError, UsageError
    from kzoo.recipe import list_recipes, load_recipe, parse_setting, stated_keys

    check_reference(None)
    settings = dict(map(parse_setting, set_ or []))
    models = {name: stated_keys(name) for name in list_recipes() if load_recipe(name).model.name == name}
    for key in settings:
        if not any(key in keys for keys in models.values()):
            raise UsageError(f"--set {key}: no recipe of the zoo states this key")
    chosen = [runtime.choose_backend(each) for each in backends or runtime.installed_backends()]
    show, as_speed = None if as_json else print_training, speed_of_training if record else None
    raced: list[Figures] = []
    failed: KzooError | None = None
    for backend, (name, keys) in product(chosen, models.items()):
        stated = {key: value for key, value in settings.items() if key in keys}
        task = _task(name, stated, backend, data_dir, None, **_step_rounds(steps, rounds))
        try:
            raced.append(_race(task, race_steps, show, as_speed, wait))
        except KzooError as error:
            _report(f"{name} on {backend}: {error}")
            failed = error
    if as_json:
        print_json(raced)
    if failed is not None:
        raise typer.Exit(failed.exit_code)


def _task(
    name: str,
    settings: Figures,
    backend: str | None,
    data_dir: Path | None,
    against: Path | None,
    **lengths: Any,
) -> TrainingTask:
    """Return the task of a recipe with settings on a backend, by default that of its recipe."""
    from kzoo import runtime
    from kzoo.bench.task import TrainingTask
    from kzoo.recipe import changed_keys, load_recipe

    published = load_recipe(name)
    chosen = runtime.choose_backend(backend, published.runtime.backend)
    recipe = load_recipe(name, settings | {"runtime.backend": chosen})
    return TrainingTask(
        recipe=recipe, changed=changed_keys(recipe, published), data_dir=data_dir, against=against, **lengths
    )


def _step_rounds(steps: int | None, rounds: int | None) -> dict[str, int]:
    return {"steps": steps or 256, "rounds": rounds or 7}


@app.command()
def decode(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", help="Folders of runs.", file_okay=False, autocompletion=complete_run),
    ],
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


@app.command()
def start(
    run: Run,
    inputs: Annotated[list[str], typer.Argument(metavar="FILE|TEXT...", help="The inputs to predict.")],
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds after the first.")] = 5,
    wait: Wait = 60.0,
    as_json: Json = False,
) -> None:
    """Time kzoo --help and kzoo predict from the prompt to the answer, on each installed backend."""
    from kzoo import runtime
    from kzoo.bench.machine import wait_until_idle
    from kzoo.bench.start import medians, race_start
    from kzoo.training.run import open_run

    open_run(run)
    watch = wait_until_idle(wait, _report)
    seconds = race_start(run, inputs, runtime.installed_backends(), rounds, _report)
    result = {"seconds": seconds, "medians": medians(seconds), **watch.facts()}
    if as_json:
        print_json(result)
        return
    print_table("", ">median, s", rows=[(name, f"{each:.2f}") for name, each in result["medians"].items()])
    print_caution(result)


@app.command()
def scale(
    recipe: Annotated[
        str,
        typer.Argument(help="A model of the zoo or a recipe file (.yaml).", autocompletion=complete_recipe),
    ],
    counts: Annotated[
        list[int] | None,
        typer.Option("--count", min=1, help="A number of examples; by default 1,000, 10,000 and 100,000."),
    ] = None,
    set_: Settings = None,
    backend: BackendOption = None,
    wait: Wait = 60.0,
    as_json: Json = False,
) -> None:
    """Time an epoch on generated images or pairs of several numbers, and measure its memory.

    Each number is measured in a process of its own. Files that the system holds in memory do not count.
    """
    from kzoo.bench.machine import wait_until_idle
    from kzoo.bench.scale import check_generated, measure
    from kzoo.recipe import parse_setting

    task = _task(recipe, dict(map(parse_setting, set_ or [])), backend, None, None, steps=None, rounds=1)
    check_generated(task.recipe)
    watch = wait_until_idle(wait, _report)
    rows = [measure(task.recipe, count) for count in counts or _COUNTS]
    result = {"recipe": recipe, "backend": task.recipe.runtime.backend, "rows": rows, **watch.facts()}
    if as_json:
        print_json(result)
        return
    print_table(
        *(">examples", ">seconds", ">examples/s", ">memory, GB"),
        rows=[
            (
                f"{row['examples']:,}",
                f"{row['seconds']:,.1f}",
                f"{row['examples'] / row['seconds']:,.0f}",
                "" if row["memory"] is None else f"{row['memory'] / 1e9:.2f}",
            )
            for row in rows
        ],
    )
    print_caution(result)


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
    """Race the tasks one after the other; print each result, or all as JSON, and record them if asked to."""
    raced = [_race(task, race, None if as_json else show, as_speed, wait) for task in tasks]
    if as_json:
        print_json(raced)


def _race(
    task: Task,
    race: Callable[[Task, Report], Figures],
    show: Callable[[Figures], None] | None,
    as_speed: Callable[[Figures], Speed] | None,
    wait: float,
) -> Figures:
    """Race a task on an idle machine; print and record the result if asked to."""
    from kzoo.bench.machine import wait_until_idle
    from kzoo.bench.record import check_idle, check_record, keep

    if as_speed:
        check_record()
    watch = wait_until_idle(wait, _report)
    if as_speed:
        check_idle(watch.before)
    figures = {**race(task, _report), **watch.facts()}
    if show:
        show(figures)
    if as_speed:
        _report(f"recorded in {keep(as_speed(figures))}")
    return figures


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


_COUNTS = (1_000, 10_000, 100_000)
_LENGTHS, _DIMS = (256, 1_024, 4_096, 16_384, 65_536), (16, 32, 64)
