"""The registry of models: their cards, their options and their builders.

A model is a card and a builder function decorated with it. Tests, `kzoo params` and `kzoo train` look it up
here. The cards are available without Keras; the builders are imported when the first model is built.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kzoo.errors import UsageError
from kzoo.models import FAMILIES
from kzoo.models.card import ModelCard
from kzoo.models.catalog import CARDS
from kzoo.names import suggestion

__all__ = [
    "Builder",
    "ModelCard",
    "abstract_model",
    "card",
    "check_options",
    "create_model",
    "default_options",
    "list_models",
    "register_model",
]

if TYPE_CHECKING:
    import keras

Builder = Callable[..., "keras.Model"]


@dataclass(frozen=True)
class _Entry:
    card: ModelCard
    builder: Builder
    defaults: Mapping[str, Any]

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the builder with their default values for this model."""
        signature = inspect.signature(self.builder).parameters
        return {key: parameter.default for key, parameter in signature.items()} | dict(self.defaults)


_MODELS: dict[str, _Entry] = {}

CONVENTION = "pytorch"
"""The default convention: layers behave as in PyTorch, which the published figures were measured with."""


def register_model(card: ModelCard, **defaults: Any) -> Callable[[Builder], Builder]:
    """Register the decorated builder under `card.name`; `defaults` replace defaults of its parameters.

    The builder's parameters are the options of the model. A parameter `name` gets the card's name. A builder
    has a parameter `convention` if its layers differ between conventions (`kzoo.models.initialization`).

    Raises:
        ValueError: the name is already registered.
    """

    def register(builder: Builder) -> Builder:
        if card.name in _MODELS or CARDS.get(card.name, card) is not card:
            raise ValueError(f"a model named {card.name!r} is registered already")
        _MODELS[card.name] = _Entry(card, builder, defaults)
        return builder

    return register


def _cards() -> dict[str, ModelCard]:
    return CARDS | {name: entry.card for name, entry in _MODELS.items()}


def _entry(name: str) -> _Entry:
    """Return the entry of a model, importing all families. Raises UsageError for an unknown name."""
    card(name)
    for family in FAMILIES:
        import_module(f"kzoo.models.{family}")
    return _MODELS[name]


def list_models(pattern: str = "*") -> list[str]:
    """List the names of the models that match a shell pattern, in the order of the zoo."""
    return [name for name in _cards() if fnmatchcase(name, pattern)]


def card(name: str) -> ModelCard:
    """Return the card of a model. Raises UsageError, with the nearest name, for an unknown model."""
    cards = _cards()
    if name not in cards:
        raise UsageError(f"no model is called {name!r}; {suggestion(name, cards)}")
    return cards[name]


def default_options(name: str) -> dict[str, Any]:
    """Return the options of a model with their defaults: those of its builder, and the convention."""
    options = {"convention": CONVENTION} | _entry(name).parameters
    return {key: default for key, default in options.items() if key != "name"}


def check_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Check options of a model and return all its options, with defaults for the others.

    Raises:
        UsageError: the model, an option or the convention is unknown; the message names the nearest one.
    """
    from kzoo.models.initialization import find_convention

    known = default_options(name)
    for option in options:
        if option not in known:
            raise UsageError(f"model {name!r} has no option {option!r}; {suggestion(option, known)}")
        _check_kind(name, option, options[option], known[option])
    find_convention({**known, **options}["convention"])
    return {**known, **options}


def _check_kind(model: str, option: str, value: Any, default: Any) -> None:
    """Raise UsageError if the value of an option is of another type than its default."""
    if isinstance(default, tuple):
        names = all(isinstance(part, str) for part in default)
        expected = "a list of names" if names else f"{len(default)} positive numbers"
        fits = _is_list_of_names(value) if names else _is_shape(value, len(default))
    elif isinstance(default, bool):
        expected, fits = "true or false", isinstance(value, bool)
    elif isinstance(default, int | float):
        expected, fits = "a number", _is_number(value)
    else:
        return
    if not fits:
        raise UsageError(f"model {model!r} option {option!r} is {expected}, not {value!r}")


def _is_number(value: Any) -> bool:
    return type(value) is int or (isinstance(value, float) and math.isfinite(value))


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)


def _is_shape(value: Any, length: int) -> bool:
    """Return whether a value is a list of `length` positive integers."""
    return (
        isinstance(value, list | tuple)
        and len(value) == length
        and all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in value)
    )


def create_model(name: str, *, seed: int | None = None, **options: Any) -> keras.Model:
    """Build a model of the zoo.

    Args:
        name: one of `list_models()`.
        seed: the seed from which NumPy draws the initial weights, which are the same on every backend.
            None draws a seed from Python's `random`, which `keras.utils.set_random_seed` seeds.
        options: the model's options, for instance `input_shape`, `num_classes`, `dropout`; and `convention`,
            the framework whose initial weights and normalisation it has (`kzoo.models.initialization`).

    Raises:
        UsageError: the model or an option is unknown (the message names the nearest one), or an option is
            out of range.
    """
    from kzoo.models.initialization import draw_weights, seeded_initializers
    from kzoo.variables import drawn_later

    convention = check_options(name, options)["convention"]
    seed = random.randrange(2**32) if seed is None else seed
    with seeded_initializers(seed), drawn_later() as waiting:
        model = _build(name, options)
    draw_weights(model, convention, seed, waiting)
    return model


def abstract_model(name: str, **options: Any) -> keras.Model:
    """Build a model quickly, without values for its weights; it has shapes and parameter counts only."""
    import keras

    with keras.StatelessScope(initialize_variables=False):
        return _build(name, options)


def _build(name: str, options: dict[str, Any]) -> keras.Model:
    entry, chosen = _entry(name), {**check_options(name, options), "name": name}
    try:
        return entry.builder(**{key: value for key, value in chosen.items() if key in entry.parameters})
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        spelled = ", ".join(f"{key}={value!r}" for key, value in options.items()) or "its defaults"
        raise UsageError(f"model {name!r} cannot be built with {spelled}: {reason}") from error
