"""The speeds of record: a CSV with a line for each race, kept in the repository."""

from __future__ import annotations

import csv
import io
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
"""The tables in which the speeds of record are shown, and the races of each."""

SINGLY = "singly"
PEERS = (STUDENT, TIGHT, FIT, SINGLY)
"""Whom kzoo may have raced against; in a race of decoding the student decodes in batches, and one by one."""


class Comparison(BaseModel, frozen=True):
    """A peer: its examples/s, how many times faster kzoo is, the least and the most of that, its threads."""

    speed: float
    ratio: float
    low: float
    high: float
    threads: int | None = None


class Speed(BaseModel, frozen=True):
    """A race: what raced on what data, where and when, kzoo's examples/s, and its peers.

    `changed` are the keys in which the recipe differs from its file, but for data set and batch. `busy` is
    how many processors had other work. When decoding, kzoo's is greedy, `beam` the sentences/s of a beam
    search of `beam_width`, and there is no batch.
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
        """What a line is of: another race of the same takes its place."""
        return self.race, self.recipe, self.changed, self.data, str(self.batch or ""), self.backend


def speed_of_training(figures: dict[str, Any]) -> Speed:
    """The line of what `race_steps` or `race_runs` found.

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
    """The line of what `race_decoding` found.

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
    """The speeds of record of one of the `SPEED_TABLES`; none where none were kept. See `load_all`."""
    return [speed for speed in load_all() if speed.race in SPEED_TABLES[table]]


def load_all() -> list[Speed]:
    """All speeds of record.

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


def check_record() -> None:
    """See, before anything is raced, that speeds of record can be kept.

    Raises:
        UsageError: their folder cannot be written.
        DataError: those that are there cannot be read.
    """
    load_all()
    check_recordable(_path().parent)


def keep(speed: Speed) -> Path:
    """Keep a speed of record, in place of another of the same race, recipe, data, batch and backend."""
    kept = {each.key: each for each in load_all()} | {speed.key: speed}
    text, path = io.StringIO(), _path()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_to_line(kept[key]) for key in sorted(kept))
    atomic_write_text(path, text.getvalue())
    return path


def check_idle(*busy: float | None) -> None:
    """Raises KzooError if the machine was too busy for speeds of record, as `machine.is_idle` has it."""
    if not is_idle(*busy):
        most = max((processors for processors in busy if processors is not None), default=None)
        raise KzooError(
            f"--record is for an idle machine ({spell_busy(most)}): stop that, or wait for longer with --wait"
        )


_TOLD = ("data.name", "training.batch_size")
"""Keys of a recipe that have columns of their own."""

_OWN_COLUMNS = tuple(name for name in Speed.model_fields if name != "peers")
_COLUMNS = (*_OWN_COLUMNS, *(f"{peer}_{name}" for peer in PEERS for name in Comparison.model_fields))


def _facts(figures: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """What every race has."""
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
