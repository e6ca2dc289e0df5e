"""One training of a table, and where it is kept."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from kzoo.recipe import Recipe


class Job(BaseModel):
    """A row with a seed, and the name of its run folder.

    Rows that decode the same training in other ways have jobs with the same folder.
    """

    model_config = ConfigDict(frozen=True)
    row: str
    seed: int
    folder: str


def fingerprint(recipe: Recipe, data_sha256: str, code: str) -> str:
    """The mark of whatever bears on the figures: recipe, data, and code."""
    return mark([recipe.model_dump(mode="json", exclude={"name", "published"}), data_sha256, code])


def mark(content: Any) -> str:
    """Eight digits that differ where what is ready for JSON does."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
