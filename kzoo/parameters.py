"""Parameter tables: the count and the formula of each layer, compared with the published count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from kzoo.models.card import ModelCard
from kzoo.registry import abstract_model, card

if TYPE_CHECKING:
    import keras

Verdict = Literal["agrees", "erratum", "derived", "DIFFERS"]


@dataclass(frozen=True)
class LayerCount:
    """The parameter count of a layer, and the formula that gives it with numbers inserted."""

    layer: str
    formula: str
    trainable: int
    non_trainable: int


@dataclass(frozen=True)
class ModelCount:
    """The parameter count of a model, compared with its card.

    The verdict is `agrees` if the source prints the same count, `erratum` if it prints another and the card
    says why, `derived` if it prints none, and `DIFFERS` if the model does not have the count of its card.
    """

    name: str
    source: str
    trainable: int
    non_trainable: int
    promised: int
    published: int | None
    verdict: Verdict
    note: str
    layers: list[LayerCount]
    sum_check: dict[str, Any] | None


def trainable_count(model: keras.Model) -> int:
    """Return the number of trainable parameters of a model."""
    return _count(model.trainable_weights)


def count_model(name: str) -> ModelCount:
    """Count the parameters of a model with its default options, without allocating its weights."""
    promised, model = card(name), abstract_model(name)
    layers = [count_layer(layer) for layer in model.layers if layer.weights]
    trainable = trainable_count(model)
    return ModelCount(
        name=name,
        source=promised.source,
        trainable=trainable,
        non_trainable=_count(model.non_trainable_weights),
        promised=promised.parameters,
        published=promised.published,
        verdict=_verdict(promised, trainable),
        note=promised.note,
        layers=layers,
        sum_check=check_sum(promised, layers),
    )


def count_layer(layer: keras.Layer) -> LayerCount:
    """Count the parameters of a layer and check the count against the formula of its type.

    Raises:
        AssertionError: the formula gives another count than the layer's weights.
    """
    formula, expected = _formula(layer)
    trainable, non_trainable = _count(layer.trainable_weights), _count(layer.non_trainable_weights)
    if expected != trainable:
        raise AssertionError(f"{layer.name}: {formula} = {expected}, the layer has {trainable}")
    return LayerCount(layer.name, formula, trainable, non_trainable)


def check_sum(promised: ModelCard, layers: list[LayerCount]) -> dict[str, Any] | None:
    """Recompute a report's printed sum term by term; None if the card records no wrong sum.

    `holds` is true if the true counts, with the wrong terms that the card records in their place, add up to
    the card's `terms_total`. It checks the explanation of the erratum.
    """
    printed = promised.printed_sum
    if printed is None:
        return None
    true = {layer.layer: layer.trainable for layer in layers}
    terms = sum({**true, **printed.printed}.values())
    return {
        "printed_total": printed.total,
        "printed_terms_total": printed.terms_total,
        "broken_terms": {
            name: {"printed": count, "true": true[name]} for name, count in printed.printed.items()
        },
        "holds": terms == printed.terms_total,
        "remark": printed.remark,
    }


def to_json(count: ModelCount) -> dict[str, Any]:
    """Return a count as a dictionary for JSON."""
    return asdict(count)


def _verdict(promised: ModelCard, trainable: int) -> Verdict:
    if trainable != promised.parameters:
        return "DIFFERS"
    if promised.published is None:
        return "derived"
    return "agrees" if promised.published == trainable else "erratum"


def _count(weights: list[keras.Variable]) -> int:
    return sum(prod(weight.shape) for weight in weights)


def _formula(layer: Any) -> tuple[str, int]:
    """Return a formula and its value by the type of a layer; unknown types sum their weights' shapes."""
    return _FORMULAS.get(type(layer).__name__, _shapes)(layer)


def _shapes(layer: Any) -> tuple[str, int]:
    shapes = [tuple(weight.shape) for weight in layer.trainable_weights]
    formula = " + ".join(" x ".join(map(str, shape or (1,))) for shape in shapes)
    return formula or "0", sum(map(prod, shapes))


def _dense(layer: Any) -> tuple[str, int]:
    inputs, units = layer.kernel.shape
    if layer.bias is None:
        return f"{inputs:,} x {units}", inputs * units
    return f"{inputs:,} x {units} + {units}", inputs * units + units


def _normalization(layer: Any) -> tuple[str, int]:
    (channels,) = layer.gamma.shape
    return f"2 x {channels}", 2 * channels


def _embedding(layer: Any) -> tuple[str, int]:
    tokens, features = layer.embeddings.shape
    if getattr(layer, "reverse_embeddings", None) is None:
        return f"{tokens} x {features}", tokens * features
    return f"2 x {tokens} x {features}", 2 * tokens * features


def _positions(layer: Any) -> tuple[str, int]:
    length, features = layer.table.shape
    return f"{length} x {features}", length * features


def _lstm(layer: Any) -> tuple[str, int]:
    return _lstm_cell(layer.cell)


def _lstm_cell(cell: Any) -> tuple[str, int]:
    inputs, units = cell.kernel.shape[0], cell.units
    formula = f"4 x ({inputs} x {units} + {units} x {units} + {units})"
    return formula, 4 * (inputs * units + units * units + units)


def _bidirectional(layer: Any) -> tuple[str, int]:
    formula, count = _lstm(layer.forward_layer)
    return f"2 x {formula}", 2 * count


def _parts(layer: Any) -> tuple[str, int]:
    """Return the formula and the count of a layer that is made of other layers."""
    found = [part for part in layer._flatten_layers(recursive=False, include_self=False) if part.weights]
    parts = [_formula(part) for part in found]
    return " + ".join(formula for formula, _ in parts), sum(count for _, count in parts)


def _bias(layer: Any) -> tuple[str, int]:
    (features,) = layer.bias.shape
    return str(features), features


_FORMULAS: dict[str, Callable[[Any], tuple[str, int]]] = {
    "Dense": _dense,
    "BatchNormalization": _normalization,
    "LayerNormalization": _normalization,
    "Embedding": _embedding,
    "ReversibleEmbedding": _embedding,
    "LSTM": _lstm,
    "LSTMCell": _lstm_cell,
    "Bidirectional": _bidirectional,
    "BilinearAttention": _parts,
    "BahdanauAttention": _parts,
    "MultiHeadAttention": _parts,
    "AttentiveRNN": _parts,
    "AttentionalOutput": _parts,
    "LearnedPositions": _positions,
    "Bias": _bias,
}
