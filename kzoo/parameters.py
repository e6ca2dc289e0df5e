"""Parameter tables: what each layer has and by which formula, against what was published."""

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
    """A layer's formula with its numbers, and its parameters."""

    layer: str
    formula: str
    trainable: int
    non_trainable: int


@dataclass(frozen=True)
class ModelCount:
    """A model's parameters against its card.

    The verdict is `agrees` if the source prints the same figure, `erratum` if it prints another and the
    card says why, `derived` if it prints none, `DIFFERS` if the model is not what its card promises.
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
    """The number of trainable parameters."""
    return _count(model.trainable_weights)


def count_model(name: str) -> ModelCount:
    """Count a model of the zoo at its defaults, layer by layer, without memory for its weights."""
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
    """A layer's parameters by the formula of its kind.

    Raises:
        AssertionError: the formula does not give the layer's own count.
    """
    formula, expected = _formula(layer)
    trainable, non_trainable = _count(layer.trainable_weights), _count(layer.non_trainable_weights)
    if expected != trainable:
        raise AssertionError(f"{layer.name}: {formula} = {expected}, the layer has {trainable}")
    return LayerCount(layer.name, formula, trainable, non_trainable)


def check_sum(promised: ModelCard, layers: list[LayerCount]) -> dict[str, Any] | None:
    """A report's own sum, recomputed term by term; None where its sum is right or not printed.

    `holds` says that the printed terms, with the deviations that the card names, do add up to the total of
    terms that the card gives: the explanation of the erratum is itself checked.
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
    """A count ready for JSON."""
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
    """The formula of a layer's kind and its value; of another kind, the sum over its weights' shapes."""
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
    """A layer that is made of others."""
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
