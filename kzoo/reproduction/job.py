"""The jobs of a table: one training each, with the name of its run folder."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from kzoo.recipe import Recipe


class Job(BaseModel):
    """A row, a seed, and the name of their run folder.

    Rows that decode the same training in different ways have jobs with the same folder.
    """

    model_config = ConfigDict(frozen=True)
    row: str
    seed: int
    folder: str


def fingerprint(recipe: Recipe, reads: Any, code: str) -> str:
    """Return the digest of everything that can change the metrics: the recipe, the data it `reads`, the code.

    The name of the data set is left out: `reads` has the hash of its content, and a path is only its place.
    """
    aside: Any = {"name": True, "published": True, "data": {"name", "own"}}
    return digest([recipe.model_dump(mode="json", exclude=aside), reads, code])


def recipe_digest(recipe: Recipe) -> str:
    """Return the digest of a recipe without seed and backend; keys that have their defaults do not count."""
    free: Any = {
        **{"name": True, "published": True},
        **{"data": {"own"}, "runtime": {"backend"}, "training": {"seed"}},
    }
    return digest(recipe.model_dump(mode="json", exclude=free, exclude_defaults=True))


def digest(content: Any) -> str:
    """Return the first eight hexadecimal digits of the SHA-256 of some JSON content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
