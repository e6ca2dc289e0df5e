"""The `kzoo tune-decoding` command."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from .decoding_options import PANEL, EnsembleOption, spell_decoding
from .evaluate import model_and_split
from .options import (
    BackendOption,
    CheckpointOption,
    DataDir,
    Json,
    Run,
    checkpoint_name,
    flag,
    open_with_backend,
    option_words,
)
from .output import console, print_json, print_lines, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kzoo.decoding.options import Decoding
    from kzoo.metrics.table import Metric
    from kzoo.tasks.tuning import Trial

Number = TypeVar("Number", int, float)

AXES = ("beam", "length_penalty", "top_p", "temperature")
"""The decoding options that have several values in a grid."""


def tune_decoding(
    run: Run,
    beam: Annotated[
        str,
        typer.Option(metavar="N,N,...", help="The beam widths; 1 is greedy decoding.", rich_help_panel=PANEL),
    ] = "1,2,4,8",
    length_penalty: Annotated[
        str,
        typer.Option(metavar="X,X,...", help="The length penalties of beam search.", rich_help_panel=PANEL),
    ] = "0,0.6,1",
    top_p: Annotated[
        str | None,
        typer.Option(
            metavar="X,X,...", help="Also nucleus sampling, with these masses.", rich_help_panel=PANEL
        ),
    ] = None,
    temperature: Annotated[
        str | None,
        typer.Option(
            metavar="X,X,...", help="Also nucleus sampling, at these temperatures.", rich_help_panel=PANEL
        ),
    ] = None,
    ensemble: EnsembleOption = None,
    checkpoint: CheckpointOption = None,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Compare decoding methods on the validation split and mark the best.

    The methods are all combinations of the options, for the run and, with --with, also for the ensemble. The
    best is chosen by the metric that compares epochs; of equally good methods, the one that extends the
    fewest sequences is chosen. The last line is the command that tests it. Seconds include compilation.
    """
    grid = _grid(beam, length_penalty, top_p, temperature)
    folder = open_with_backend(run, backend)
    from kzoo.api import load
    from kzoo.tasks import check_writes
    from kzoo.tasks.sequences import SequenceExperiment
    from kzoo.tasks.tuning import best_trial, try_decodings

    check_writes(folder, "kzoo tune-decoding")
    predictor = load(run, *(ensemble or []), checkpoint=checkpoint_name(checkpoint))
    experiment, runs = predictor.open_experiment(data_dir), predictor.runs
    assert isinstance(experiment, SequenceExperiment)
    trials = _report(
        try_decodings(experiment, runs, predictor.models, grid),
        len(grid) * len({1, len(runs)}),
        experiment.criterion,
    )
    best = best_trial(trials, experiment.criterion)
    figures = {
        **predictor.tested,
        "split": "validation",
        "data": experiment.describe_data(),
        "criterion": experiment.criterion.name,
        "trials": list(map(_to_json, trials)),
        "best": _to_json(best),
        "command": _command(best, {"checkpoint": checkpoint, "data_dir": data_dir, "backend": backend}),
    }
    if as_json:
        print_json(figures)
    else:
        _print_trials(figures)


COMMANDS = (tune_decoding,)


def _grid(beam: str, length_penalty: str, top_p: str | None, temperature: str | None) -> list[Decoding]:
    from kzoo.decoding.grid import decoding_grid

    sampling = {
        name: _numbers(flag(name), text, float)
        for name, text in {"top_p": top_p, "temperature": temperature}.items()
        if text is not None
    }
    return decoding_grid(
        _numbers("--beam", beam, int), _numbers("--length-penalty", length_penalty, float), sampling
    )


def _numbers(flag: str, text: str, kind: type[Number]) -> list[Number]:
    from kzoo.errors import UsageError

    try:
        return [kind(word) for word in text.split(",")]
    except ValueError as error:
        noun = "whole numbers" if kind is int else "numbers"
        raise UsageError(f"{flag} {text!r}: expected {noun} separated by commas") from error


def _report(trials: Iterator[Trial], count: int, criterion: Metric) -> list[Trial]:
    """Return the trials, with a line on stderr after each of them."""
    finished = []
    for number, trial in enumerate(trials, 1):
        measured = f"{criterion.label} {trial.metrics[criterion.name]:.4f}"
        name = f"{len(trial.runs)} models together, " if len(trial.runs) > 1 else ""
        name += spell_decoding(trial.decoding.to_json())
        print_lines([f"{number:>{len(str(count))}}/{count} {name}: {measured}"])
        finished.append(trial)
    return finished


def _to_json(trial: Trial) -> dict[str, Any]:
    return {
        "runs": [str(run.path) for run in trial.runs],
        "decoding": trial.decoding.to_json(),
        **trial.metrics,
        "seconds": trial.seconds,
    }


def _command(best: Trial, options: dict[str, Any]) -> str:
    """Return the shell command that measures the best method on the test split, with these options."""
    first, *others = (str(run.path) for run in best.runs)
    ensemble = [word for other in others for word in ("--with", other)]
    decoding = best.decoding.to_json()
    words = option_words({"decoding": decoding.pop("method"), **decoding, **options})
    return shlex.join(["kzoo", "evaluate", first, *ensemble, *words])


def _print_trials(figures: dict[str, Any]) -> None:
    from kzoo.metrics.table import METRICS

    trials = figures["trials"]
    options = [name for name in AXES if any(name in trial["decoding"] for trial in trials)]
    names = [name for name in trials[0] if name in METRICS]
    rows = [
        (
            trial["decoding"]["method"] + (" (best)" if trial == figures["best"] else ""),
            *(str(trial["decoding"].get(name, "")) for name in options),
            str(len(trial["runs"])),
            *(f"{trial[name]:.4f}" for name in names),
            f"{trial['seconds']:.1f}",
        )
        for trial in trials
    ]
    heads = [*options, "models", *(METRICS[name].label for name in names), "seconds"]
    stacked = (f">{head}".replace("_", "\n").replace(" ", "\n") for head in heads)  # for narrow terminals
    print_table("", *stacked, rows=rows, title=model_and_split(figures))
    console().print(figures["command"], soft_wrap=True)
