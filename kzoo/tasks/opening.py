"""The data of an experiment, and the experiment of a run with the data that it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kzoo.data.origin import Origin
from kzoo.data.splits import take_share
from kzoo.errors import DataError
from kzoo.recipe import Recipe
from kzoo.tasks import experiment_type
from kzoo.tasks.experiment import Experiment
from kzoo.training.run import RunFolder


def load_data(
    kind: type[Experiment],
    recipe: Recipe,
    data_dir: Path | None,
    require_data: bool = False,
    stand_in: str | None = None,
) -> Any:
    """Load a recipe's data set, with its training split reduced to the recipe's fraction."""
    data: Any = kind.load(recipe, data_dir=data_dir, require_data=require_data, stand_in=stand_in)
    return take_share(data, recipe.data.fraction, recipe.training.seed)


def open_experiment(run: RunFolder, data_dir: Path | None = None) -> Experiment:
    """Open the experiment of a run, with the data that it was trained on and the files in its folder.

    Raises:
        DataError: the data found now are not those that the run was trained on.
    """
    recipe, environment = run.recipe(), run.environment()
    before, kind = environment["data"], experiment_type(recipe.model.name)
    place = Path(before["location"])
    if before["stand_in"]:
        data = load_data(kind, recipe, data_dir, stand_in=before["name"])
    else:
        data = load_data(kind, recipe, data_dir or (place if place.exists() else None))
    if data.sha256() != before["sha256"]:
        raise _other_data(data.origin, before, run)
    experiment = kind(recipe, data, run.reference(), tuple(environment.get("fitted", ())))
    _check_reading(experiment, run)
    return experiment.with_files_of(run)


def _other_data(origin: Origin, before: dict[str, Any], run: RunFolder) -> DataError:
    """Return the error for data that differ from those that a run was trained on."""
    if before["stand_in"]:
        return DataError(
            f"{run.path} was trained on the stand-in {before['name']} of another version of kzoo: "
            "start a new run"
        )
    if origin.location == before["location"]:
        return DataError(f"{origin.location} has changed since {run.path} was trained on it")
    return DataError(
        f"{origin.location} is not what {run.path} was trained on, {before['location']}: "
        "pass its folder with --data-dir"
    )


def _check_reading(experiment: Experiment, run: RunFolder) -> None:
    """Raise DataError if the inputs of a run's model are made differently now than in its training."""
    before, now = run.environment()["data"], experiment.describe()
    for key in experiment.READS:
        if before.get(key) != now[key]:
            raise DataError(f"{run.path} was trained with another {key} than there is now: start a new run")
