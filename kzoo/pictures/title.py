"""What runs are called in pictures, and how the pictures are titled."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kzoo.training.run import RunFolder


def shortest_name(path: Path, paths: Iterable[Path] = ()) -> str:
    """As much of the end of a path as tells it from the others."""
    parts, others = path.resolve().parts, [other.resolve().parts for other in paths if other != path]
    length = 1
    while length < len(parts) and any(other[-length:] == parts[-length:] for other in others):
        length += 1
    return "/".join(parts[-length:])


def run_label(name: str, stand_in: bool) -> str:
    """The name of a run; it says so where the data are a stand-in."""
    return f"{name} (stand-in data)" if stand_in else name


def folder_label(run: RunFolder, paths: Iterable[Path] = ()) -> str:
    """The label of a run by its folder, told from those of other runs."""
    return run_label(shortest_name(run.path, paths), run.environment()["data"]["stand_in"])


def picture_title(run: RunFolder, what: str, source: str = "") -> str:
    """`RUN: what, source`: the title of every picture of one run.

    Args:
        run: the run, which is called by its folder.
        what: what is drawn: a layer, the attention.
        source: what it is drawn from, an image, a text, a split of the data, unless it is the model alone.
    """
    return f"{folder_label(run)}: {', '.join(filter(None, (what, source)))}"


def name_test_set(run: RunFolder) -> str:
    """What the test set of a run is called in a title."""
    return f"test set of {run.environment()['data']['name']}"
