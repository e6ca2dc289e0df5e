"""The speeds of record as Markdown: how many times faster kzoo is than its peers, and on which machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kzoo.bench.peers import FIT, STUDENT, TIGHT, spell_threads
from kzoo.bench.record import SINGLY, Comparison, Race, Speed
from kzoo.reporting.page.spelling import MISSING
from kzoo.reporting.records import short_commit


def speeds_markdown(name: str, speeds: Sequence[Speed]) -> str:
    """Return a table with a line for each recipe, data set and backend; then machines, dates and versions."""
    columns = _COLUMNS[name]
    groups: dict[tuple[str, ...], list[Speed]] = {}
    for speed in speeds:
        groups.setdefault(speed.key[1:], []).append(speed)
    rows = [[tell(group) for tell in columns.values()] for group in groups.values()]
    lines = [
        f"| {' | '.join(columns)} |",
        f"|---|---|---|{'---:|' * (len(columns) - 3)}",
        *(f"| {' | '.join(row)} |" for row in rows or [[MISSING] * len(columns)]),
    ]
    return "\n".join([*lines, "", _made_with(speeds), ""])


def _recipe(group: Sequence[Speed]) -> str:
    """Spell the recipe, with the keys in which it differs from its file."""
    changed = group[0].changed
    return f"`{group[0].recipe}`" + (f" with other {', '.join(changed.split())}" if changed else "")


def _data(group: Sequence[Speed]) -> str:
    """Spell the data set, whether it is a stand-in, and the batch size."""
    first = group[0]
    words = [first.data, "stand-in" if first.stand_in else "", f"batch {first.batch}" if first.batch else ""]
    return ", ".join(filter(None, words))


def _backend(group: Sequence[Speed]) -> str:
    return group[0].backend


def _rate(group: Sequence[Speed]) -> str:
    """Spell the training examples, or decoded sentences, that kzoo handles per second."""
    return next((f"{speed.kzoo:,.0f}" for speed in group if speed.race != "whole"), MISSING)


def _beam(group: Sequence[Speed]) -> str:
    """Spell kzoo's sentences per second in beam search, with the width of the beam."""
    speed = group[0]
    return MISSING if speed.beam is None else f"{speed.beam:,.0f} ({speed.beam_width})"


def _against(peer: str, race: Race) -> Callable[[Sequence[Speed]], str]:
    """Return a function that spells how many times faster kzoo is than a peer in a race."""

    def tell(group: Sequence[Speed]) -> str:
        compared = [speed.peers[peer] for speed in group if speed.race == race and peer in speed.peers]
        return _spell(compared[0]) if compared else MISSING

    return tell


def _spell(compared: Comparison) -> str:
    """Spell the ratio to a peer, its range, and the threads of the peer."""
    threads = "" if compared.threads is None else f", {spell_threads(compared.threads)}"
    return f"{compared.ratio:.2f} ({compared.low:.2f} to {compared.high:.2f}){threads}"


_PLACE = {"recipe": _recipe, "data": _data, "backend": _backend}
_COLUMNS: dict[str, dict[str, Callable[[Sequence[Speed]], str]]] = {
    "speed-train": {
        **_PLACE,
        "examples/s": _rate,
        "PyTorch": _against(STUDENT, "steps"),
        "tight PyTorch": _against(TIGHT, "steps"),
        "`fit`": _against(FIT, "steps"),
        "whole run, PyTorch": _against(STUDENT, "whole"),
    },
    "speed-decode": {
        **_PLACE,
        "greedy/s": _rate,
        "beam/s (width)": _beam,
        "PyTorch in batches": _against(STUDENT, "decode"),
        "one by one": _against(SINGLY, "decode"),
    },
}


def _made_with(speeds: Sequence[Speed]) -> str:
    """Return a line with the machines, dates, versions and commits of the races."""
    if not speeds:
        return "Not measured yet."
    versions = dict.fromkeys(word.replace("=", " ") for speed in speeds for word in speed.versions.split())
    commits = dict.fromkeys(short_commit(speed.commit) for speed in speeds if speed.commit)
    parts = [
        "; ".join(dict.fromkeys(f"{speed.machine}, {speed.device}" for speed in speeds)),
        _span(sorted(speed.date for speed in speeds)),
        ", ".join(versions),
        *([f"kzoo at {', '.join(commits)}"] if commits else []),
    ]
    return "; ".join(parts)


def _span(dates: Sequence[str]) -> str:
    """Spell the first and the last of some sorted dates."""
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
