"""The section of one run on a page of results, with everything from its run folder."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kzoo.data.errors import unreadable
from kzoo.data.splits import sizes_line
from kzoo.errors import UsageError
from kzoo.metrics.table import SPLITS, Metric, is_metric, label_of
from kzoo.pictures.curves import History
from kzoo.recipe import Recipe, changed_keys, list_recipes, load_recipe
from kzoo.reporting.page.parts import Cell, Facts, Grid, Picture, RunSection
from kzoo.reporting.page.shrink import shrink
from kzoo.reporting.page.spelling import MISSING, duration, interval, number, setting
from kzoo.reproduction.result import intervals_of_test
from kzoo.tasks import criterion
from kzoo.training.run import RunFolder
from kzoo.training.schema import InitialRecord


@dataclass(frozen=True)
class ReportedRun:
    """A run folder with its label on the page; files that have not been written yet read as empty.

    `curve` is the label of its curves, None if they are not drawn; of several seeds, only the first is drawn.
    `is_told` says whether the run has a section of its own, with its test metrics.
    """

    folder: RunFolder
    label: str
    anchor: str
    curve: str | None
    is_told: bool = True

    @cached_property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return self.folder.recipe()

    @property
    def criterion(self) -> Metric:
        """The metric by which its epochs are compared."""
        return criterion(self.recipe.model.name)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The environment that it was trained in."""
        return self.folder.environment()

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The metrics of the finished run, empty before its end."""
        return self.folder.metrics() if self.folder.finished else {}

    @cached_property
    def history(self) -> History:
        """The metrics measured after each epoch."""
        try:
            return self.folder.history()
        except UsageError:
            return {}

    @property
    def command(self) -> str:
        """The command that trained it."""
        return self.environment["command"]

    @property
    def stand_in(self) -> bool:
        """Whether its data are a stand-in."""
        return self.environment["data"]["stand_in"]

    @property
    def changes(self) -> Facts:
        """The keys, with their values, that differ from the recipe of the same name that comes with kzoo."""
        if self.recipe.name not in list_recipes():
            return ()
        fitted = self.environment.get("fitted", ())
        found = changed_keys(self.recipe, load_recipe(self.recipe.name))
        keys = [key for key in found if key not in fitted]
        return tuple((key, setting(_look_up(self.recipe, key))) for key in keys)

    @property
    def comparison(self) -> dict[str, Any]:
        """The published figures, or the reason why the run has none to compare with."""
        unfinished = {"published": None, "reason": "it has not finished"}
        return self.metrics.get("comparison", unfinished)

    @property
    def intervals(self) -> dict[str, Sequence[float]]:
        """The 95 % intervals over the test examples, by metric."""
        found = intervals_of_test(self.metrics["test"]) if self.metrics else {}
        return {f"test_{name}": bounds for name, bounds in found.items()}

    def measured(self, figure: str) -> Cell:
        """Return the metric of a name in `metrics.json`, with its interval and published figure."""
        value = self.metrics.get(figure)
        bounds = self.intervals.get(figure)
        published = (self.comparison["published"] or {}).get(figure)
        return Cell(value, (bounds[0], bounds[1]) if bounds else None, published)


def run_section(run: ReportedRun) -> RunSection:
    """Collect the section of a run."""
    return RunSection(
        label=run.label,
        anchor=run.anchor,
        stand_in=run.stand_in,
        facts=_facts(run),
        figures=_figures(run),
        pictures=_pictures(run),
        classes=_classes(run),
        samples=_samples(run),
        command=run.command,
        recipe=run.recipe.to_yaml(),
    )


def _look_up(recipe: Recipe, dotted: str) -> object:
    """Return the value of a dotted key in a recipe."""
    value: Any = recipe.model_dump()
    for key in dotted.split("."):
        value = (value or {}).get(key)
    return value


def _facts(run: ReportedRun) -> Facts:
    """Collect the facts at the head of a section, from the model to the time of its training."""
    training, data, metrics = run.recipe.training, run.environment["data"], run.metrics
    facts = {
        "model": run.recipe.model.name,
        "data": f"{data['name']} ({sizes_line(data['sizes'])})",
        "training": f"{training.optimizer}, learning rate {setting(training.learning_rate)}, "
        f"batch {training.batch_size}, seed {training.seed}",
    }
    if initial := run.environment.get("initial"):
        facts["initial weights"] = InitialRecord.model_validate(initial).summary
    if metrics:
        facts["parameters"] = f"{metrics['parameters']:,}"
        facts["epochs"] = _epochs(metrics)
        facts["time"] = duration(metrics["seconds"])
    elif run.history:
        facts["epochs"] = f"{len(run.history['epoch'])} of {training.epochs}, unfinished"
    return tuple(facts.items())


def _epochs(metrics: dict[str, Any]) -> str:
    """Spell the number of epochs, whether the run was stopped after them, and which epoch is tested."""
    epochs = metrics["epochs"]
    tested = metrics.get("tested_epoch", epochs)
    stopped = " (stopped early)" if metrics.get("stopped") else ""
    return f"{epochs}{stopped}, {'the last' if tested == epochs else f'epoch {tested}'} is tested"


def _figures(run: ReportedRun) -> Grid | None:
    """Return a grid of all measured metrics, with intervals and published figures; None before the end."""
    if not run.metrics:
        return None
    names = [
        name
        for name, value in run.metrics.items()
        if name.startswith(tuple(SPLITS)) and isinstance(value, float) and is_metric(name)
    ]
    rows = [(name, run.measured(name)) for name in names]
    known = {name.removeprefix("test_") for name in names}
    rows += [
        (f"test_{name}", Cell(value))
        for name, value in run.metrics["test"].items()
        if isinstance(value, float) and name not in known and is_metric(f"test_{name}")
    ]
    table = Grid(
        "All metrics",
        ("metric", "measured", "95 % interval", "published"),
        tuple(
            (label_of(name), number(figure.value), interval(figure.interval), number(figure.published))
            for name, figure in rows
        ),
        frozenset({1, 2, 3}),
    )
    return _without_empty_columns(table)


def _without_empty_columns(table: Grid) -> Grid:
    """Return the grid without the columns that have no value in any row."""
    kept = [
        place
        for place, _ in enumerate(table.columns)
        if any(row[place] not in ("", MISSING) for row in table.rows)
    ]
    return Grid(
        table.title,
        tuple(table.columns[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in table.rows),
        frozenset(new for new, place in enumerate(kept) if place in table.numeric),
    )


def _classes(run: ReportedRun) -> Grid | None:
    """Return a grid of the test metrics of each class; None if the run has none."""
    classes = run.metrics.get("test", {}).get("classes")
    if classes is None:
        return None
    return Grid(
        "Metrics of each class",
        ("class", "precision", "recall", "F1", "images"),
        tuple(
            (row["name"], *(number(row[key]) for key in ("precision", "recall", "f1")), f"{row['support']:,}")
            for row in classes
        ),
        frozenset({1, 2, 3, 4}),
    )


def _samples(run: ReportedRun) -> Grid | None:
    """Return a grid of the sample predictions in `predictions.tsv`; None without that file."""
    path = run.folder.path / "predictions.tsv"
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file, delimiter="\t")
    except (ValueError, csv.Error) as error:
        raise unreadable(path, error) from error
    return Grid("Sample predictions for the test set", tuple(columns), tuple(map(tuple, rows)))


def _pictures(run: ReportedRun) -> tuple[Picture, ...]:
    """Read the pictures of a run folder that have captions."""
    found = ((name, run.folder.path / f"{name}.png") for name in _CAPTIONS)
    return tuple(_picture(run, name, path) for name, path in found if path.is_file())


def _picture(run: ReportedRun, name: str, path: Path) -> Picture:
    caption = _CAPTIONS[name](run)
    return Picture(f"{run.anchor}-{name}", caption, f"{run.label}: {caption}", shrink(path), name in _WIDE)


def _confusion_caption(run: ReportedRun) -> str:
    """Return a caption that names the most frequent confusion of two classes."""
    test = run.metrics.get("test", {})
    if "confusion_matrix" not in test:
        return "Confusion matrix of the test set."
    names = [row["name"] for row in test["classes"]]
    counts = np.array(test["confusion_matrix"])[:, : len(names)]
    wrong = np.where(np.eye(len(names), dtype=bool), 0, counts)
    true, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    if not wrong.any():
        return "Confusion matrix of the test set: no class is mistaken for another."
    return (
        f"Confusion matrix of the test set. Most often {names[true]} is mistaken for {names[predicted]}: "
        f"{wrong[true, predicted]:,} of {counts[true].sum():,}."
    )


_CAPTIONS: dict[str, Callable[[ReportedRun], str]] = {
    "confusion": _confusion_caption,
    "mistakes": lambda run: "Test images that were misclassified with the most confidence.",
    "activations": lambda run: "A test image and the activations of the first convolution.",
    "kernels": lambda run: "Kernels of the first convolution.",
    "captions": lambda run: "Test images with the model's captions in bold and the references below them.",
    "attention": lambda run: "The attention of each output token.",
    "spectrogram": lambda run: "The input of the model: a log-mel spectrogram.",
}
"""Captions of a run folder's pictures, in the order of the page; the curves of all runs share a picture."""

_WIDE = {"captions"}
