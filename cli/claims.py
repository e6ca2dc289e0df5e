"""The `kzoo claims` command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .options import BackendOption, Json, start_backend
from .output import console, print_json, print_table

if TYPE_CHECKING:
    from kzoo.claims import CheckedClaim


def claims(
    source: Annotated[
        str | None, typer.Option(help="A report or one of its questions: R001, 'R001 1.3'.")
    ] = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Check the statements of the reports by computation.

    The exit code is 1 if a verdict differs from the recorded one.
    """
    start_backend(backend)
    from dataclasses import asdict

    from kzoo.claims import check_claims

    checked = check_claims(source)
    if as_json:
        print_json([asdict(claim) for claim in checked])
    else:
        _print_claims(checked)
    if not all(claim.as_recorded for claim in checked):
        raise typer.Exit(1)


COMMANDS = (claims,)


def _print_claims(checked: list[CheckedClaim]) -> None:
    rows = [
        (claim.name, claim.source, claim.statement, claim.computed, claim.verdict, claim.corrected)
        for claim in checked
    ]
    print_table("claim", "source", "stated", "computed", "verdict", "corrected", rows=rows)
    errata = sum(claim.verdict == "erratum" for claim in checked)
    console().print(f"{len(checked) - errata} hold, {errata} errata")
    for claim in checked:
        if not claim.as_recorded:
            correction = ", with a correction that the computation confirms" * (claim.expected == "erratum")
            console().print(f"{claim.name}: NOT as recorded, {claim.expected}{correction}", soft_wrap=True)
