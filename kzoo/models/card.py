"""Model cards: what a builder must produce, and the parameter counts that its report prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PrintedSum:
    """The sum of a model's parameters as its report prints it.

    `printed` holds the terms that differ from the layers' true counts, by layer name; 0 is a term that
    the report left out. The terms add up to `terms_total`; the report's total is `total`.
    """

    total: int
    terms_total: int
    printed: dict[str, int]
    remark: str


@dataclass(frozen=True)
class ModelCard:
    """The card of a model: its name, task, source, summary and parameter counts.

    `parameters` is the number of trainable parameters that the builder must give at its defaults.
    `published` is the number that the source prints, None if it prints none. `note` says where the published
    model differs from the description in its report, or where a printed number is wrong.
    """

    name: str
    task: str
    source: str
    summary: str
    parameters: int
    published: int | None = None
    note: str = ""
    printed_sum: PrintedSum | None = None
