"""The weights that come with kzoo: small run folders in the package, which are opened by their names."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("weights")
"""The folder that holds a run folder for each name."""

CARD = "card.json"
"""The file in such a folder that states where the weights come from; see `kzoo.weights.card`."""


def list_weights() -> list[str]:
    """List the names of the shipped weights."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{CARD}"))


def is_shipped(place: str | Path) -> bool:
    """Return whether a place of a run is the name of shipped weights; a path that exists comes first."""
    return str(place) in list_weights() and not Path(place).exists()


def locate(place: Path) -> Path:
    """Return the folder of a place of a run: that of shipped weights, else the path itself."""
    return FOLDER / place if is_shipped(place) else place


def absolute(place: str) -> str:
    """Return a place of a run that is the same in every folder: a name of shipped weights, or a path."""
    return place if is_shipped(place) else str(Path(place).resolve())
