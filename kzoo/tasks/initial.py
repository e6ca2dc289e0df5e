"""The initial weights that a recipe takes from another run, whatever the tasks of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kzoo.errors import UsageError
from kzoo.tasks import epoch_of
from kzoo.tasks.experiment import Experiment
from kzoo.tasks.vocabularies import load_vocabularies
from kzoo.training.initial import InitialWeights, Labels, fit_weights, weights_by_path
from kzoo.training.run import RunFolder, open_run
from kzoo.training.schema import InitialRecord


def with_initial_weights(experiment: Experiment) -> Experiment:
    """Return the experiment with the tested weights of the run that its recipe names, if it names one.

    Raises:
        UsageError: there is no such run, or none of its weights fit the model.
        DataError: a file of the run is damaged.
    """
    section = experiment.recipe.model
    if section.init is None:
        return experiment
    run = open_run(Path(section.init))
    origin, chosen = run.recipe().model, run.recipe().training.tested_epoch
    found = weights_by_path(run.load_model(chosen), origin)
    fit = fit_weights(found, _labels_of(run), section, experiment.labels)
    if not fit.arrays:
        raise UsageError(
            f"model.init: no weight of {run.path}, a run of {origin.name}, has the name and shape of one of "
            f"{section.name}: name a run of a model with layers of the same names and sizes"
        )
    record = InitialRecord(
        run=str(run.path),
        model=origin.name,
        epoch=epoch_of(run, chosen),
        sha256=run.model_sha256(chosen),
        whole=[path for path in fit.arrays if path not in fit.partly],
        partly=fit.partly,
        drawn=fit.drawn,
    )
    return replace(experiment, initial=InitialWeights(record, fit.arrays))


def _labels_of(run: RunFolder) -> Labels:
    """Return the tokens or classes of the model of a run, by the option that sets their number."""
    classes = run.environment()["data"].get("class_names")
    return load_vocabularies(run) if classes is None else {"num_classes": tuple(classes)}
