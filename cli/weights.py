"""The `kzoo weights` commands, for the trained weights that come with kzoo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import BackendOption, DataDir, Json, Run, complete_weights, start_backend
from .output import console, print_json, print_table

if TYPE_CHECKING:
    from kzoo.weights.card import Card
    from kzoo.weights.check import Check

app = typer.Typer(help="List, check and pack the trained weights that come with kzoo.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(help="See `kzoo weights list`.", autocompletion=complete_weights, metavar="NAME")
]


@app.command("list")
def list_cards(as_json: Json = False) -> None:
    """List the weights that every command with a RUN takes by their names."""
    from kzoo.shipped import list_weights
    from kzoo.weights.card import load_card

    cards = list(map(load_card, list_weights()))
    if as_json:
        print_json(list(map(_to_json, cards)))
        return
    rows = [
        (
            card.name,
            card.model,
            card.data,
            f"{card.parameters:,}",
            _megabytes(card),
            "{.label} {:.4f}".format(*card.main_figure),
        )
        for card in cards
    ]
    print_table("name", "model", "data", ">parameters", ">MB", "test", rows=rows)


@app.command()
def info(name: Name, as_json: Json = False) -> None:
    """Show the card of weights: their training, data and licence, figures and limits."""
    from kzoo.metrics.table import label_of
    from kzoo.weights.card import load_card

    card = load_card(name)
    if as_json:
        print_json(_to_json(card))
        return
    facts = {
        "name": card.name,
        "model": f"{card.model}, {card.parameters:,} parameters",
        "data": f"{card.data}, licence: {card.licence}",
        "training": f"recipe {card.recipe}, seed {card.seed}, {card.backend}",
        "versions": ", ".join(f"{package} {version}" for package, version in card.versions.items()),
        "commit": card.commit or "-",
        "file": f"{card.file}, {_megabytes(card)} MB, {card.precision}",
        "checksum": card.sha256,
        **{label_of(figure): f"{value:.4f}" for figure, value in card.figures.items()},
        "limits": card.limits or "-",
    }
    print_table("", "", rows=list(facts.items()))


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="By default all.", autocompletion=complete_weights),
    ] = None,
    data_dir: DataDir = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Compare weights with the checksums and, where their data are found, the figures on their cards.

    Figures are compared to four digits. The exit code is 1 if a checksum or a figure differs.
    """
    start_backend(backend)
    from kzoo.shipped import list_weights
    from kzoo.weights.card import load_card
    from kzoo.weights.check import check as check_weights

    chosen = [load_card(name).name for name in names or list_weights()]  # unknown names before any work
    found = [check_weights(name, data_dir) for name in chosen]
    if as_json:
        from dataclasses import asdict

        print_json(list(map(asdict, found)))
    else:
        print_table("name", "check", rows=[(each.name, _verdict(each)) for each in found])
    if any(each.differences for each in found):
        raise typer.Exit(1)


@app.command()
def pack(
    run: Run,
    name: Annotated[str, typer.Argument(help="The name of the weights, by custom that of the recipe.")],
    limits: Annotated[str, typer.Option(help="What the weights are known not to do, for the card.")] = "",
    data_dir: DataDir = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Pack the tested weights of a finished run into this checkout of kzoo.

    They are rounded to float16 if all figures on the validation and the test set stay equal to four digits.
    Runs on stand-ins or on data of your own are refused.
    """
    from kzoo.training.run import open_run

    folder = open_run(run)
    start_backend(backend, folder.recipe().runtime.backend)  # in float32, as `check` measures
    from kzoo.weights.pack import pack as pack_run

    card, changed = pack_run(folder, name, limits, data_dir)
    if as_json:
        print_json({**_to_json(card), "changed_by_float16": changed})
        return
    reason = f"in float16 {changed[0]}" if changed else "float16 leaves all figures equal to four digits"
    console().print(
        f"{card.file.parent}, {_megabytes(card)} MB in {card.precision}: {reason}", soft_wrap=True
    )


def _to_json(card: Card) -> dict[str, Any]:
    return {**card.model_dump(), "folder": str(card.file.parent), "bytes": card.file.stat().st_size}


def _megabytes(card: Card) -> str:
    return f"{card.file.stat().st_size / 1e6:.1f}"


def _verdict(check: Check) -> str:
    """Return what a check found, one line for each difference."""
    if check.differences:
        return "\n".join(f"differs: {line}" for line in check.differences)
    if check.not_measured is not None:
        return f"the checksum agrees; not measured: {check.not_measured}"
    return f"the checksum and {len(check.measured)} figures agree"
