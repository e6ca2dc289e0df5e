"""Claims on the parameter counts that the reports print (R001 1, R003 2, R004 2)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from kzoo.claims.claim import Claim, Finding
from kzoo.claims.registry import register_claim
from kzoo.models.card import PrintedSum
from kzoo.parameters import check_sum, count_model
from kzoo.registry import abstract_model, card, list_models


def check_count(model: str, published: int) -> Finding:
    """Check a printed count against the model; the correction must agree with the model's card."""
    counted = count_model(model)
    right = f"{counted.trainable:,}"
    return Finding(
        published == counted.trainable, right, right if counted.trainable == counted.promised else ""
    )


def check_terms(model: str, printed: PrintedSum) -> Finding:
    """Check the terms of a report's sum against the layers; the correction must explain the printed sum."""
    counted = count_model(model)
    check = check_sum(replace(card(model), printed_sum=printed), counted.layers)
    assert check is not None, "there is a printed sum"
    wrong = {name: term["true"] for name, term in check["broken_terms"].items()}
    wrong = {name: count for name, count in wrong.items() if count != printed.printed[name]}
    computed = (
        f"the printed terms add up to {check['printed_terms_total']:,}, the layers to {counted.trainable:,}"
    )
    return Finding(not wrong, computed, _spell(wrong) if check["holds"] else "")


def _spell(terms: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" if count else f"no {name}" for name, count in terms.items())


def _register(model: str) -> None:
    """Register the parameter counts that the report of a model prints as claims."""
    promised = card(model)
    if promised.published is not None:
        register_claim(
            Claim(
                f"parameters-{model}",
                promised.source,
                f"{model} has {promised.published:,} parameters",
                "holds" if promised.published == promised.parameters else "erratum",
            )
        )(partial(check_count, model, published=promised.published))
    if promised.printed_sum is not None:
        register_claim(
            Claim(
                f"terms-{model}",
                promised.source,
                f"the sum for {model} has {_spell(promised.printed_sum.printed)}",
                "erratum",
            )
        )(partial(check_terms, model, printed=promised.printed_sum))


for _model in list_models():
    _register(_model)


@register_claim(Claim("sizes-tiny-cnn", "R001 1.1", "tiny-cnn: pooled to 11 x 11 x 8, flattened to 968"))
def check_sizes(pooled: tuple[int, int, int] = (11, 11, 8), flattened: int = 968) -> Finding:
    """Check sizes floor((H - K) / S) + 1: 28 -> 24 for window K = 5, stride S = 1; 24 -> 11 for 4, 2."""
    outline = abstract_model("tiny-cnn")
    shapes = [outline.get_layer(name).output.shape[1:] for name in ("pool1", "flatten")]
    computed = f"{' x '.join(map(str, shapes[0]))}, {shapes[1][0]}"
    return Finding(shapes == [pooled, (flattened,)], computed, computed)


@register_claim(Claim("growth-mlp", "R001 1.2", "mlp has 138.3 % more parameters than tiny-cnn", "erratum"))
def check_growth(percent: float = 138.3) -> Finding:
    """Check 100 (mlp / tiny-cnn - 1), to one decimal."""
    growth = 100 * (count_model("mlp").trainable / count_model("tiny-cnn").trainable - 1)
    return Finding(round(growth, 1) == percent, f"{growth:,.1f} %", f"{growth:,.1f} %")


@register_claim(
    Claim(
        "parameters-without-bn",
        "R003 2.3",
        "cnn-bn-flatten without batch normalisation has 5,340,160 parameters",
        "erratum",
    )
)
def check_without_normalisation(published: int = 5_340_160) -> Finding:
    """Check the count of all layers of `cnn-bn-flatten` except its batch normalisations."""
    layers = count_model("cnn-bn-flatten").layers
    count = sum(layer.trainable for layer in layers if not layer.layer.endswith("_bn"))
    return Finding(count == published, f"{count:,}", f"{count:,}")
