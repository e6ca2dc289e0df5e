"""The files of a run folder, and the metrics in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RUN_FILES = {
    "recipe.yaml",
    "environment.json",
    "history.csv",
    "metrics.json",
    "best.keras",
    "last.keras",
    "checkpoints",
    "curves.png",
}


def metrics_of(run: Path) -> dict[str, Any]:
    """Read the metrics of a finished run."""
    return json.loads((run / "metrics.json").read_text())
