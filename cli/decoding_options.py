"""The decoding options of the commands that run sequence models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import complete_run, flag

if TYPE_CHECKING:
    from kzoo.decoding.options import Decoding


class Method(StrEnum):
    """The decoding methods."""

    greedy = "greedy"
    beam = "beam"
    nucleus = "nucleus"


PANEL = "Sequences"

MethodOption = Annotated[
    Method | None, typer.Option("--decoding", help="The method; by default greedy.", rich_help_panel=PANEL)
]
BeamOption = Annotated[
    int | None, typer.Option("--beam", min=1, help="beam: the beam width.", rich_help_panel=PANEL)
]
PenaltyOption = Annotated[
    float | None,
    typer.Option(
        "--length-penalty", help="beam: 0 for none, 1 for about the mean per token.", rich_help_panel=PANEL
    ),
]
TopPOption = Annotated[
    float | None,
    typer.Option("--top-p", help="nucleus: the probability mass to sample from.", rich_help_panel=PANEL),
]
TopKOption = Annotated[
    int | None,
    typer.Option("--top-k", min=1, help="nucleus: the most tokens to sample from.", rich_help_panel=PANEL),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option("--temperature", help="nucleus: below 1 sharper, above 1 flatter.", rich_help_panel=PANEL),
]
SamplesOption = Annotated[
    int | None,
    typer.Option("--samples", min=1, help="nucleus: the number of sampling passes.", rich_help_panel=PANEL),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="nucleus: the random seed.", rich_help_panel=PANEL)
]
EnsembleOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="RUN",
        help="A run decoded together with this one; may be repeated.",
        autocompletion=complete_run,
        rich_help_panel=PANEL,
    ),
]


def to_decoding(method: Method | None, **options: Any) -> Decoding | None:
    """Return the requested decoding, None without `method`; options that were not given have their defaults.

    Raises:
        UsageError: an option belongs to another method.
    """
    from kzoo.decoding.options import OPTIONS, Decoding
    from kzoo.errors import UsageError

    chosen: Any = (method or Method.greedy).value
    given = {name: value for name, value in options.items() if value is not None}
    if strange := sorted(given.keys() - set(OPTIONS[chosen])):
        owner = next(name for name, names in OPTIONS.items() if strange[0] in names)
        raise UsageError(f"{flag(strange[0])} goes with --decoding {owner}, not {chosen}")
    return Decoding(method=chosen, **given) if method else None


def spell_decoding(decoding: dict[str, Any]) -> str:
    """Spell a decoding, given as JSON, in words: "beam, beam 4, length penalty 0.6"."""
    options = [f"{name.replace('_', ' ')} {value}" for name, value in decoding.items() if name != "method"]
    return ", ".join([decoding["method"], *options])
