"""Packing of a finished run: its tested model and what it needs to predict and to be measured again."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kzoo import shipped
from kzoo.data.catalog import PUBLISHED_SETS, find_card
from kzoo.data.checksums import checksum_like
from kzoo.errors import UsageError
from kzoo.files import check_recordable
from kzoo.names import RULE, is_name
from kzoo.recipe import Recipe
from kzoo.tasks.vocabularies import SOURCE_VOCABULARY, TARGET_VOCABULARY
from kzoo.training.initial import Arrays, weights_by_path
from kzoo.training.packed import FILE, Precision, write_packed
from kzoo.training.run import RunFolder
from kzoo.weights.card import Card
from kzoo.weights.measure import differences, measure

_COPIED = ("history.csv", SOURCE_VOCABULARY, TARGET_VOCABULARY)


def pack(run: RunFolder, name: str, limits: str = "", data_dir: Path | None = None) -> tuple[Card, list[str]]:
    """Pack a finished run into the weights that come with kzoo.

    The weights are rounded to float16 if the figures on the validation and the test set stay equal to four
    digits, and are float32 otherwise. No path of this machine is kept.

    Args:
        run: the run.
        name: the name of the weights.
        limits: what they are known not to do, for the card.
        data_dir: the folder of the data set or its parent, if the data are no longer in their place.

    Returns:
        The card, and the figures that float16 would have changed, one line each.

    Raises:
        UsageError: the run has not finished, is on a stand-in or data of one's own, or reads the regions of
            another run; or the name is invalid or taken.
        DataError: the data found are not those that the run was trained on, or a file is damaged.
    """
    _check(run, name)
    place = Path(run.environment()["data"]["location"])
    data_dir = data_dir or (place if place.exists() else None)
    check_recordable(shipped.FOLDER, "kzoo weights pack")
    with TemporaryDirectory(dir=shipped.FOLDER, prefix=".") as folder:
        packed = RunFolder(Path(folder) / name)
        packed.path.mkdir()
        _copy(run, packed)
        weights = weights_by_path(run.load_tested_model(), run.recipe().model)
        precision, figures, changed = _write_weights(packed, weights, data_dir)
        card = _card(packed, precision, figures, limits)
        packed.write_json(shipped.CARD, card.model_dump())
        packed.path.rename(shipped.FOLDER / name)
    return card, changed


def _write_weights(
    packed: RunFolder, weights: Arrays, data_dir: Path | None
) -> tuple[Precision, dict[str, float], list[str]]:
    """Write weights in float16 if that leaves the figures equal to four digits, else in float32.

    Returns:
        The precision, the figures, and those that float16 would have changed.
    """
    figures = {}
    precisions: tuple[Precision, ...] = ("float32", "float16")
    for precision in precisions:
        write_packed(packed.path / FILE, weights, precision)
        figures[precision] = measure(packed, data_dir)
    changed = differences(figures["float16"], figures["float32"])
    if changed:
        precision = "float32"
        write_packed(packed.path / FILE, weights, precision)
    return precision, figures[precision], changed


def _card(packed: RunFolder, precision: Precision, figures: dict[str, float], limits: str) -> Card:
    """Return the card of weights that were packed."""
    recipe, environment = packed.recipe(), packed.environment()
    return Card(
        name=packed.path.name,
        model=recipe.model.name,
        data=recipe.data.name,
        licence=find_card(recipe.data.name).licence,
        recipe=recipe.name,
        seed=recipe.training.seed,
        backend=environment["backend"],
        versions=environment["versions"],
        commit=environment.get("commit"),
        sha256=checksum_like(packed.path / FILE, "sha256:"),
        precision=precision,
        parameters=packed.metrics()["parameters"],
        figures=figures,
        limits=limits,
    )


def _check(run: RunFolder, name: str) -> None:
    """Raise UsageError if a run has not finished or cannot be shipped under a name."""
    recipe, data = run.recipe(), run.metrics()["data"]
    if not is_name(name):
        raise UsageError(f"{name!r} is not a name for weights: expected {RULE}")
    if (shipped.FOLDER / name).exists():
        raise UsageError(f"{shipped.FOLDER / name} is there already: remove it, or choose another name")
    if data["stand_in"] or recipe.data.name not in PUBLISHED_SETS:
        raise UsageError(
            f"{run.path} was trained on {data['name']}, which is not a published set: only weights of "
            "published sets come with kzoo"
        )
    for option, value in recipe.model.options.items():
        if isinstance(value, str) and Path(value).is_absolute():
            raise UsageError(f"model.{option} of {run.path} is {value}, which does not come with kzoo")


def _copy(run: RunFolder, packed: RunFolder) -> None:
    """Write the files of a run without its models, pictures and paths."""
    recipe, environment, metrics = run.recipe(), run.environment(), run.metrics()
    place = {"location": find_card(recipe.data.name).homepage}
    initial = environment.get("initial")
    for name in _COPIED:
        if (run.path / name).is_file():
            shutil.copyfile(run.path / name, packed.path / name)
    packed.write_json(
        "environment.json",
        {
            **{key: value for key, value in environment.items() if key != "resumed"},
            "platform": environment["platform"].partition("-")[0],  # the system without the machine's version
            "command": shlex.join(["kzoo", "train", f"kzoo/weights/{packed.path.name}/recipe.yaml"]),
            "data": environment["data"] | place,
            "reference": _without_path(run.reference()).model_dump(mode="json"),
            "initial": initial and {**initial, "run": Path(initial["run"]).name},
        },
    )
    packed.write_json("metrics.json", metrics | {"data": metrics["data"] | place})
    packed.write_recipe(_without_path(recipe))


def _without_path(recipe: Recipe) -> Recipe:
    """Return the recipe with the name, in place of the path, of the run that its training began from."""
    initial: dict[str, Any] = {"init": Path(recipe.model.init).name} if recipe.model.init else {}
    return recipe.with_values("model", **initial)
