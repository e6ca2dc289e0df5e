"""What the JSON files of a run folder must hold; they may hold more."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Document(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class DataRecord(_Document):
    """What a run was trained on."""

    name: str
    location: str
    stand_in: bool
    sizes: dict[str, int]
    sha256: str


class Environment(_Document):
    """environment.json: what a run was made with and from."""

    backend: str
    device: str
    versions: dict[str, str]
    data: DataRecord
    reference: dict[str, Any]


class Comparison(_Document):
    """The published figures beside those of a run, or the reason why there are none."""

    published: dict[str, float] | None


class Metrics(_Document):
    """metrics.json: what a finished run measured."""

    recipe: str
    parameters: int
    epochs: int
    tested_epoch: int
    seconds: float
    data: DataRecord
    test: dict[str, Any]
    comparison: Comparison
