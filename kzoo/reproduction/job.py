"""One training of a table, and where it is kept."""

from __future__ import annotations

import hashlib
import json

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
    """Eight digits that differ with whatever bears on the figures: recipe, data, and code."""
    decisive = recipe.model_dump(mode="json", exclude={"name", "published"})
    text = json.dumps([decisive, data_sha256, code], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
