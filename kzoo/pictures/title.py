"""Labels of runs and titles of pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kzoo.training.run import RunFolder


def shortest_name(path: Path, paths: Iterable[Path] = ()) -> str:
    """Return the shortest end of a path that no other of the paths has."""
    parts, others = path.resolve().parts, [other.resolve().parts for other in paths if other != path]
    length = 1
    while length < len(parts) and any(other[-length:] == parts[-length:] for other in others):
        length += 1
    return "/".join(parts[-length:])


def run_label(name: str, stand_in: bool) -> str:
    """Return the name of a run, marked if its data are a stand-in."""
    return f"{name} (stand-in data)" if stand_in else name


def folder_label(run: RunFolder, paths: Iterable[Path] = ()) -> str:
    """Return the label of a run, made from its folder and different from the labels of other `paths`."""
    return run_label(shortest_name(run.path, paths), run.environment()["data"]["stand_in"])


def picture_title(run: RunFolder, what: str, source: str = "") -> str:
    """Return `RUN: what, source`, the title of every picture of a single run.

    Args:
        run: the run, which is named after its folder.
        what: the thing drawn, such as the kernels of a layer or the attention.
        source: the input that it is drawn for, such as an image, a text or a split; empty if there is none.
    """
    return f"{folder_label(run)}: {', '.join(filter(None, (what, source)))}"


def name_test_set(run: RunFolder) -> str:
    """Return the name of a run's test set for a title."""
    return f"test set of {run.environment()['data']['name']}"
