"""The `kzoo sweep` command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    BackendOption,
    DataDir,
    Json,
    RequireData,
    Settings,
    complete_key,
    complete_recipe,
    complete_set,
)
from .output import console, print_json, print_table
from .runs import DryRun, Fraction, Jobs, Seeds, open_engine, print_costs, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kzoo.reproduction.grid import Axes
    from kzoo.reproduction.measured import Measured
    from kzoo.reproduction.verdict import Outcome


def sweep(
    recipe: Annotated[
        str,
        typer.Argument(help="A model of the zoo or a recipe file (.yaml).", autocompletion=complete_recipe),
    ],
    grid: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUES",
            help="A recipe key with its values (a,b,c) or its range (low:high or low:high:log).",
            autocompletion=complete_key,
        ),
    ],
    random: Annotated[int | None, typer.Option(min=1, help="Draw this many points at random.")] = None,
    optuna: Annotated[
        int | None, typer.Option(min=1, help="Draw this many points with optuna, guided by earlier results.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Another data set, as for kzoo train.", autocompletion=complete_set)
    ] = None,
    seeds: Seeds = 1,
    fraction: Fraction = None,
    set_: Settings = None,
    jobs: Jobs = 1,
    dry_run: DryRun = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the runs; by default runs/sweeps/RECIPE.")
    ] = None,
    data_dir: DataDir = None,
    require_data: RequireData = False,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Train a recipe at the points of a grid and rank the points by their validation metric.

    The points are all combinations of the values, or are drawn from them with --random or --optuna. Test
    metrics are shown for the best point only. Finished runs are reused, and interrupted runs are resumed.
    """
    from kzoo import runtime
    from kzoo.errors import KzooError, UsageError
    from kzoo.recipe import load_recipe
    from kzoo.reproduction.conditions import Conditions
    from kzoo.reproduction.grid import grid_points, parse_axis, to_table
    from kzoo.reproduction.search import random_points
    from kzoo.reproduction.sweep import Sweep, rank

    if random and optuna:
        raise UsageError("--random and --optuna are two ways of drawing points: choose one")
    axes = dict(map(parse_axis, grid))
    changes = settings(set_, fraction) | ({} if data is None else {"data.name": data})
    _check_axes(axes, grid, changes)
    as_it_is = load_recipe(recipe, changes)
    seed, chosen = as_it_is.training.seed, runtime.choose_backend(backend, as_it_is.runtime.backend)
    root = out or Path("runs") / "sweeps" / as_it_is.name
    if dry_run:
        points = random_points(axes, random or optuna or 1, seed) if random or optuna else grid_points(axes)
        conditions = Conditions(to_table(recipe, points, "test_loss"), changes, chosen, data_dir)
        print_costs(conditions, conditions.table.rows, root, seeds, jobs, require_data, as_json)
        return
    drawn = ["--random", str(random)] if random else ["--optuna", str(optuna)] if optuna else []
    words = ["sweep", recipe, *(word for axis in grid for word in ("--grid", axis)), *drawn]
    with open_engine(root, words, None, seeds, jobs, require_data) as engine:
        made = Sweep(engine, recipe, axes, changes, chosen, data_dir)
        if optuna:
            outcomes = made.search(optuna, seed)
        else:
            outcomes = made.run(random_points(axes, random, seed) if random else grid_points(axes))
        ranked = rank(outcomes, made.figure)
    if not ranked[0].results:
        raise KzooError(f"all points failed; {ranked[0].row.name}: {ranked[0].failure}")
    again = _command(recipe, ranked[0], changes)
    if as_json:
        print_json(_to_json(made.figure, ranked, root, again))
    else:
        _print_ranking(made.figure, list(axes), ranked)
        console().print(f"again: {again}\nruns in {root}", soft_wrap=True)


COMMANDS = (sweep,)


def _check_axes(axes: Axes, grid: Sequence[str], changes: dict[str, Any]) -> None:
    from kzoo.errors import UsageError

    if "runtime.backend" in axes:
        raise UsageError("--grid runtime.backend: all points run on one backend; choose it with --backend")
    if len(axes) < len(grid):
        raise UsageError("--grid names a key twice: give all its values at once, separated by commas")
    if fixed := axes.keys() & changes.keys():
        raise UsageError(f"--grid {min(fixed)}: another option sets it for all points; leave out one of them")


def _print_ranking(figure: str, keys: Sequence[str], ranked: Sequence[Outcome]) -> None:
    from kzoo.metrics.table import label_of
    from kzoo.reporting.records import mean_and_spread

    rows = [
        (
            *(str(outcome.row.overrides[key]) for key in keys),
            mean_and_spread(outcome.measured[figure]) if outcome.results else outcome.failure,
            str(len(outcome.results)),
        )
        for outcome in ranked
    ]
    print_table(*keys, label_of(figure), ">runs", rows=rows)
    for outcome in ranked:
        if outcome.results and outcome.failure:
            console().print(f"{outcome.row.name}: a run failed: {outcome.failure}", soft_wrap=True)
    for name, measured in _test_figures(ranked[0]).items():
        console().print(f"{label_of(name)} of the best: {mean_and_spread(measured)}", soft_wrap=True)


def _test_figures(best: Outcome) -> dict[str, Measured]:
    return {name: found for name, found in best.measured.items() if name.startswith("test_")}


def _to_json(figure: str, ranked: Sequence[Outcome], root: Path, again: str) -> dict[str, Any]:
    """Return the ranking ready for JSON, with test metrics of the best point only."""
    return {
        "folder": str(root),
        "figure": figure,
        "ranking": [
            {
                "point": outcome.row.overrides,
                "mean": outcome.measured[figure].mean if outcome.results else None,
                "spread": outcome.measured[figure].spread if outcome.results else None,
                "runs": [str(result.run) for result in outcome.results],
                "failure": outcome.failure or None,
            }
            for outcome in ranked
        ],
        "best": {
            "point": ranked[0].row.overrides,
            "test": {name: found.mean for name, found in _test_figures(ranked[0]).items()},
            "command": again,
        },
    }


def _command(recipe: str, best: Outcome, changes: dict[str, Any]) -> str:
    """Return the shell command that trains the best point again."""
    from kzoo.recipe import setting_words

    keys = {**changes, **best.row.overrides}
    data = ["--data", keys.pop("data.name")] if "data.name" in keys else []
    return shlex.join(["kzoo", "train", recipe, *data, *setting_words(keys)])
