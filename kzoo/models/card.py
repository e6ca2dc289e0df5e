"""What a model promises, and what a report says of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PrintedSum:
    """A report's own sum of a model's parameters.

    `printed` holds the terms that differ from the layers' true counts, by layer name; 0 is a term that
    the report left out. The terms together make `terms_total`; the report's total is `total`.
    """

    total: int
    terms_total: int
    printed: dict[str, int]
    remark: str


@dataclass(frozen=True)
class ModelCard:
    """What a model promises.

    `parameters` is the trainable count that the builder must have at its defaults. `published` is the
    figure that the source prints, None where it prints none. `note` says where the published model
    departs from what its report describes, or a figure from the truth.
    """

    name: str
    task: str
    source: str
    summary: str
    parameters: int
    published: int | None = None
    note: str = ""
    printed_sum: PrintedSum | None = None
