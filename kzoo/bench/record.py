"""The speeds of record: a CSV file in the repository with a line for each race."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from kzoo.bench.machine import is_idle, spell_busy
from kzoo.bench.peers import FIT, STUDENT, TIGHT
from kzoo.errors import DataError, KzooError
from kzoo.files import atomic_write_text, check_recordable

Race = Literal["steps", "whole", "decode"]

SPEED_TABLES = {"speed-train": ("steps", "whole"), "speed-decode": ("decode",)}
"""The tables that show the speeds of record, with the races of each."""

SINGLY = "singly"
PEERS = (STUDENT, TIGHT, FIT, SINGLY)
"""The peers of kzoo; when decoding, `STUDENT` decodes in batches and `SINGLY` one by one."""


class Comparison(BaseModel, frozen=True):
    """A peer's examples/s, the ratio of kzoo's speed to it with the range over the rounds, its threads."""

    speed: float
    ratio: float
    low: float
    high: float
    threads: int | None = None


class Speed(BaseModel, frozen=True):
    """A race: its recipe, data, environment and date, kzoo's examples/s, and the comparison with its peers.

    `changed` has the keys in which the recipe differs from its file, except data set and batch size. `busy`
    is the number of processors with other work. In a race of decoding, `kzoo` has the sentences/s of greedy
    decoding, `beam` those of a beam search of `beam_width`, and `batch` is None.
    """

    race: Race
    recipe: str
    changed: str = ""
    data: str
    stand_in: bool
    batch: int | None = None
    backend: str
    device: str
    machine: str
    busy: float
    date: str
    versions: str
    commit: str = ""
    kzoo: float
    beam: float | None = None
    beam_width: int | None = None
    peers: dict[str, Comparison]

    @property
    def key(self) -> tuple[str, ...]:
        """The key of a line; a new race with the same key replaces it."""
        return self.race, self.recipe, self.changed, self.data, str(self.batch or ""), self.backend


def speed_of_training(figures: dict[str, Any]) -> Speed:
    """Convert the result of `race_steps` or `race_runs` to a line.

    Raises:
        KzooError: the machine was not idle.
    """
    peers = {
        peer: Comparison(
            speed=found["sides"][0]["examples_per_second"],
            threads=found["sides"][0].get("threads"),
            **_ratio(found),
        )
        for peer, found in figures["peers"].items()
    }
    return Speed(
        **_facts(figures, figures["peers"][STUDENT]["sides"][0]),
        race="steps" if "steps" in figures else "whole",
        changed=" ".join(key for key in figures["changed"] if key not in _TOLD),
        batch=figures["batch_size"],
        kzoo=figures["kzoo"]["examples_per_second"],
        peers=peers,
    )


def speed_of_decoding(figures: dict[str, Any]) -> Speed:
    """Convert the result of `race_decoding` to a line.

    Raises:
        KzooError: the machine was not idle.
    """
    ways = {STUDENT: figures["compared"]["batches"], SINGLY: figures["compared"]["singly"]}
    ours = figures["kzoo"]["sentences_per_second"]
    return Speed(
        **_facts(figures, figures["students"][0]),
        race="decode",
        changed=" ".join(key for key in figures["changed"] if key.startswith("model.")),
        kzoo=ours["greedy"],
        beam=ours["beam"],
        beam_width=figures["beam"],
        peers={
            peer: Comparison(speed=way["sentences_per_second"], threads=way["threads"], **_ratio(way))
            for peer, way in ways.items()
        },
    )


def load_speeds(table: str) -> list[Speed]:
    """Read the speeds of record of one of the `SPEED_TABLES`; see `load_all`."""
    return [speed for speed in load_all() if speed.race in SPEED_TABLES[table]]


def load_all() -> list[Speed]:
    """Read all speeds of record; the list is empty if there is no file.

    Raises:
        DataError: the file is damaged.
    """
    place = _place()
    if not place.is_file():
        return []
    try:
        return [_from_line(line) for line in csv.DictReader(io.StringIO(place.read_text(encoding="utf-8")))]
    except (KeyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{place} is not a file of speeds: {reason}") from error


def faster_backend(recipe: str, backend: str, device: str, installed: Collection[str]) -> Speed | None:
    """Return the fastest recorded training of a recipe if it is twice as fast as that on a backend.

    Only recordings with equal data and batches on the same kind of device, and `installed` backends, count.
    """
    kind = device.split()[0]
    steps = [each for each in load_all() if each.race == "steps" and each.device.split()[0] == kind]
    for ours in (each for each in steps if (each.recipe, each.backend) == (recipe, backend)):
        rivals = [each for each in steps if each.key[:-1] == ours.key[:-1] and each.backend in installed]
        fastest = max(rivals, key=lambda each: each.kzoo, default=ours)
        if fastest.kzoo >= 2 * ours.kzoo:
            return fastest
    return None


def check_record() -> None:
    """Check, before any race, that speeds of record can be written.

    Raises:
        UsageError: their folder cannot be written.
        DataError: the existing speeds cannot be read.
    """
    load_all()
    check_recordable(_path().parent)


def keep(speed: Speed) -> Path:
    """Write a speed of record, in place of one with the same `key`."""
    kept = {each.key: each for each in load_all()} | {speed.key: speed}
    text, path = io.StringIO(), _path()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_to_line(kept[key]) for key in sorted(kept))
    atomic_write_text(path, text.getvalue())
    return path


def check_idle(*busy: float | None) -> None:
    """Raise KzooError if the machine was too busy for speeds of record, see `machine.is_idle`."""
    if not is_idle(*busy):
        most = max((processors for processors in busy if processors is not None), default=None)
        raise KzooError(
            f"--record needs an idle machine ({spell_busy(most)}): stop that work, or wait longer with --wait"
        )


_TOLD = ("data.name", "training.batch_size")
"""The keys of a recipe that have columns of their own."""

_OWN_COLUMNS = tuple(name for name in Speed.model_fields if name != "peers")
_COLUMNS = (*_OWN_COLUMNS, *(f"{peer}_{name}" for peer in PEERS for name in Comparison.model_fields))


def _facts(figures: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that every race has."""
    busy = [figures[when] for when in ("busy_before", "busy_during")]
    check_idle(*busy)
    ours, data = figures["kzoo"], figures["data"]
    versions = {**ours["versions"], **peer["versions"]}
    return {
        "recipe": figures["recipe"],
        "data": data["name"],
        "stand_in": data["stand_in"],
        "backend": ours["framework"],
        "device": ours["device"],
        "machine": figures["machine"],
        "busy": round(max(each for each in busy if each is not None), 3),
        "date": date.today().isoformat(),
        "versions": " ".join(f"{name}={version}" for name, version in versions.items()),
        "commit": ours["commit"] or "",
    }


def _ratio(found: dict[str, Any]) -> dict[str, float]:
    return {"ratio": found["ratio"], "low": min(found["ratios"]), "high": max(found["ratios"])}


def _to_line(speed: Speed) -> dict[str, Any]:
    own = speed.model_dump(mode="json", exclude={"peers"})
    return own | {
        f"{peer}_{name}": value
        for peer, compared in speed.peers.items()
        for name, value in compared.model_dump().items()
    }


def _from_line(line: dict[str, str]) -> Speed:
    told = {column: value for column, value in line.items() if value}
    own = {name: told[name] for name in _OWN_COLUMNS if name in told}
    peers = {
        peer: {name: told.get(f"{peer}_{name}") for name in Comparison.model_fields}
        for peer in PEERS
        if f"{peer}_speed" in told
    }
    return Speed.model_validate({**own, "peers": peers})


def _place() -> Traversable:
    return resources.files("kzoo.configs") / "speed.csv"


def _path() -> Path:
    return Path(str(_place()))
