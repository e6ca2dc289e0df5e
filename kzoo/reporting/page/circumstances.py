"""The data sets and environments of runs, each described once for all runs that share it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from kzoo.reporting.page.parts import Facts, Surroundings
from kzoo.reporting.page.run import ReportedRun


def data_groups(runs: Sequence[ReportedRun]) -> list[Surroundings]:
    """Group runs by their data sets."""
    return _group(runs, _data, ("set",))


def environment_groups(runs: Sequence[ReportedRun]) -> list[Surroundings]:
    """Group runs by their environments: software, machine and commit of kzoo."""
    return _group(runs, _environment, ("backend", "device"))


def _group(
    runs: Sequence[ReportedRun],
    describe: Callable[[ReportedRun], Mapping[str, str | None]],
    title: Collection[str],
) -> list[Surroundings]:
    """Group the runs of equal descriptions; a group's title joins the facts that are named in `title`."""
    groups: dict[Facts, list[str]] = {}
    for run in runs:
        facts = tuple((name, value) for name, value in describe(run).items() if value)
        groups.setdefault(facts, []).append(run.label)
    return [
        Surroundings(", ".join(value for name, value in facts if name in title), facts, tuple(labels))
        for facts, labels in groups.items()
    ]


def _data(run: ReportedRun) -> dict[str, str | None]:
    data = run.environment["data"]
    return {
        "set": data["name"] + " (a stand-in)" * data["stand_in"],
        "place": data["location"],
        "examples": ", ".join(f"{size:,} {split}" for split, size in data["sizes"].items()),
        "left out": "; ".join(data.get("left_out", [])),
        "SHA-256": data["sha256"],
    }


def _environment(run: ReportedRun) -> dict[str, str | None]:
    made = run.environment
    return {
        "backend": made["backend"],
        "device": made["device"],
        "precision": run.recipe.runtime.precision,
        "versions": ", ".join(f"{package} {version}" for package, version in made["versions"].items()),
        "Python": made["python"],
        "platform": made["platform"],
        "commit": made["commit"],
        "resumed": f"{len(made['resumed'])} times" if made.get("resumed") else "",
    }
