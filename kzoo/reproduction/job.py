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


def fingerprint(recipe: Recipe, reads: Any, code: str) -> str:
    """The digest of whatever bears on the figures: the recipe, what it `reads`, and the code.

    The name of the set does not: `reads` has the hash of its content, and a path says only where it is.
    """
    aside: Any = {"name": True, "published": True, "data": {"name", "own"}}
    return digest([recipe.model_dump(mode="json", exclude=aside), reads, code])


def recipe_digest(recipe: Recipe) -> str:
    """The digest of a recipe for any seed and backend; a new key with its default changes none."""
    free: Any = {
        **{"name": True, "published": True},
        **{"data": {"own"}, "runtime": {"backend"}, "training": {"seed"}},
    }
    return digest(recipe.model_dump(mode="json", exclude=free, exclude_defaults=True))


def digest(content: Any) -> str:
    """Eight digits that differ where what is ready for JSON does."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
