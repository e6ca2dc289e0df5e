"""The `kzoo models`, `kzoo summary` and `kzoo params` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import BackendOption, Json, complete_recipe, start_backend
from .output import console, print_json, print_table

if TYPE_CHECKING:
    import keras

    from kzoo.parameters import ModelCount

Name = Annotated[
    str, typer.Argument(metavar="MODEL", help="A model of the zoo.", autocompletion=complete_recipe)
]
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...", help="Models or patterns such as 'cnn*'.", autocompletion=complete_recipe
    ),
]


def models(
    pattern: Annotated[str, typer.Argument(help="A pattern such as 'cnn*'.")] = "*",
    as_json: Json = False,
) -> None:
    """List the models with parameter counts, tasks, descriptions and sources."""
    from dataclasses import asdict

    from kzoo.registry import card, list_models

    cards = [card(name) for name in list_models(pattern)]
    if as_json:
        print_json([asdict(entry) for entry in cards])
        return
    rows = [(entry.name, f"{entry.parameters:,}", entry.task, entry.summary, entry.source) for entry in cards]
    print_table("model", ">parameters", "task", "description", "source", rows=rows)


def summary(name: Name, backend: BackendOption = None, as_json: Json = False) -> None:
    """Print Keras's own table of a model's layers."""
    start_backend(backend)
    from kzoo.registry import abstract_model, card

    model = abstract_model(name)
    if as_json:
        print_json({"model": name, "layers": _layers(model), "total": model.count_params()})
        return
    model.summary(print_fn=lambda text: console().print(text))
    if note := card(name).note:
        console().print(note, soft_wrap=True)


def params(
    names: Names = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show each layer's formula, and the wrong terms of a report's sum."),
    ] = False,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Count trainable parameters and check them against the published figures.

    The exit code is 1 if a count differs from the model's card.
    """
    start_backend(backend)
    from kzoo.errors import UsageError
    from kzoo.names import suggestion
    from kzoo.parameters import count_model, to_json
    from kzoo.registry import list_models

    chosen: list[str] = []
    for pattern in names or ["*"]:
        matches = list_models(pattern)
        if not matches:
            raise UsageError(f"no model is called {pattern!r}; {suggestion(pattern, list_models())}")
        chosen += [match for match in matches if match not in chosen]
    counts = [count_model(name) for name in chosen]
    if as_json:
        print_json([to_json(count) for count in counts])
    elif explain:
        for count in counts:
            _explain(count)
    else:
        _print_counts(counts)
    if any(
        count.verdict == "DIFFERS" or (count.sum_check and not count.sum_check["holds"]) for count in counts
    ):
        raise typer.Exit(1)


COMMANDS = (models, summary, params)


def _layers(model: keras.Model) -> list[dict[str, Any]]:
    """Describe the layers of a model; the shape of a layer with several outputs is a list of shapes."""
    from keras import tree

    return [
        {
            "name": layer.name,
            "class": type(layer).__name__,
            "output_shape": tree.map_structure(lambda output: list(output.shape), layer.output),
            "parameters": layer.count_params(),
        }
        for layer in model.layers
    ]


def _print_counts(counts: list[ModelCount]) -> None:
    rows = [
        (
            count.name,
            f"{count.trainable:,}",
            f"{count.non_trainable:,}",
            "-" if count.published is None else f"{count.published:,}",
            count.source,
            count.verdict,
        )
        for count in counts
    ]
    print_table("model", ">trainable", ">non-trainable", ">published", "source", "verdict", rows=rows)
    console().print(
        "agrees: the source prints this figure; erratum: it prints another, see --explain; "
        "derived: it prints none, the figure follows from the architecture"
    )


def _explain(count: ModelCount) -> None:
    rows = [
        (layer.layer, layer.formula, f"{layer.trainable:,}", f"{layer.non_trainable:,}")
        for layer in count.layers
    ]
    rows.append(("total", "", f"{count.trainable:,}", f"{count.non_trainable:,}"))
    print_table(
        "layer", "formula", ">trainable", ">non-trainable", rows=rows, title=f"{count.name} ({count.source})"
    )
    published = "no figure" if count.published is None else f"{count.published:,}"
    console().print(f"{count.source} prints {published}: {count.verdict}")
    if count.note:
        console().print(count.note, soft_wrap=True)
    if count.sum_check is not None:
        check = count.sum_check
        for name, term in check["broken_terms"].items():
            printed = f"{term['printed']:,}" if term["printed"] else "nothing"
            console().print(f"  {name}: the report has {printed}, the layer {term['true']:,}")
        verdict = "as in the report" if check["holds"] else "which is NOT the total in the report"
        console().print(
            f"  so its terms add up to {check['printed_terms_total']:,}, {verdict}: {check['remark']}",
            soft_wrap=True,
        )
    console().print()
