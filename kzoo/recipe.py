"""Recipes: the only configuration there is, and the only place that knows its schema.

A recipe is a YAML file of five sections. Flags of the command line and `--set key=value` override its keys;
an unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from kzoo.data.limits import MAX_SIDE
from kzoo.data.tokens import TokenKind
from kzoo.documents import list_documents, parse_yaml, read_document
from kzoo.errors import UsageError
from kzoo.metrics.table import is_metric, unknown_metric
from kzoo.names import LONGEST, RULE, is_name, nearest, suggestion

BackendName = Literal["tensorflow", "jax", "torch"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


def _check_name(name: str) -> str:
    if not is_name(name):
        raise PydanticCustomError("name", f"expected {RULE}")
    return name


def _check_recipe_name(name: str) -> str:
    """The rows of a table are recipes too: `TABLE row`."""
    if not all(map(is_name, name.split(" "))) or len(name.encode()) > 2 * LONGEST + 1:
        raise PydanticCustomError("name", f"expected words of {RULE}, with a space between")
    return name


def _check_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number", "a number is expected, not true or false")
    return value


def _check_figure(name: str) -> str:
    if not is_metric(name):
        raise PydanticCustomError("figure", unknown_metric(name))
    return name


Figure = Annotated[str, AfterValidator(_check_figure)]
"""A metric of a split, for instance `test_accuracy`; see `kzoo.metrics.table`."""

Name = Annotated[str, AfterValidator(_check_name)]
"""The name of a table or of a row of it."""

Whole = Annotated[int, BeforeValidator(_check_number)]
"""A whole number; `true` is none."""

Real = Annotated[float, BeforeValidator(_check_number), Field(allow_inf_nan=False)]
"""A finite number; `true` is none."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSection(BaseModel):
    """The model's name; every other key is an option of its builder, checked by the registry."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The options of the builder that the recipe sets."""
        return {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in (self.model_extra or {}).items()
        }


class DataSection(_Section):
    """The data set: a known name, the name of a stand-in, or a path; the other keys are those of one kind."""

    name: str
    own: bool = Field(
        default=False, description="The user's own set in place of the recipe's: the model is made to fit it"
    )
    fraction: Annotated[Real, Field(gt=0, le=1)] = Field(
        default=1.0, description="Train on this share of the training split, drawn with the training's seed"
    )
    test_cut: bool = Field(default=False, description="OCTMNIST: test on R004's 529 images only")
    max_length: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Pairs: leave those out of which a side has more tokens"
    )
    source_tokens: TokenKind | None = Field(default=None, description="Own pairs: the tokens of the sources")
    target_tokens: TokenKind | None = Field(default=None, description="Own pairs: the tokens of the targets")
    min_count: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Captions: how often a word must be there to be known"
    )
    image_size: Annotated[Whole, Field(gt=0, le=MAX_SIDE)] | None = Field(
        default=None, description="Captions: height and width of the images; otherwise the encoder's"
    )
    max_frames: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Speech: cut longer clips to so many frames of the spectrogram"
    )
    mel_rate: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Speech: the sample rate the mel filters are made for; otherwise the clips'"
    )
    stress: bool = Field(default=False, description="cmudict: keep the stress digits of vowels")


class TrainingSection(_Section):
    """How the model is trained. The image reports used no schedule, weight decay, smoothing or averaging."""

    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: Annotated[Real, Field(gt=0)]
    schedule: Literal["constant", "cosine", "linear"] = Field(
        default="constant",
        description="cosine: from the learning rate to 0 at the last step; linear: R004's, epoch by epoch up "
        "from a hundredth of it in two, and down to that again at the last",
    )
    weight_decay: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Decoupled: each step takes learning_rate * weight_decay off every weight"
    )
    label_smoothing: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="The share of a label's probability that is spread over all labels"
    )
    clip_value: Annotated[Real, Field(gt=0)] | None = Field(
        default=None, description="Cut each element of a gradient to [-clip_value, clip_value]"
    )
    averaging: Annotated[Real, Field(gt=0, lt=1)] | None = Field(
        default=None, description="The momentum of a moving average of the weights, which is then tested"
    )
    batch_size: Annotated[Whole, Field(gt=0)] = 8
    batch_by_length: bool = Field(default=False, description="Pairs: fill batches with pairs of like length")
    augmentation: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="Pairs: the share of source tokens dropped, replaced or swapped, anew each epoch",
    )
    epochs: Annotated[Whole, Field(gt=0)]
    drop_last: bool = Field(default=False, description="Leave a smaller last batch out")
    tested_epoch: Literal["last", "best"] = Field(
        default="last", description="Which model is tested: of the last epoch, or the best on validation"
    )
    seed: Annotated[Whole, Field(ge=0, lt=2**32)] = 42


class RuntimeSection(_Section):
    """Where it runs. `backend` is a preference that `--backend` and KERAS_BACKEND override."""

    backend: BackendName | None = None
    precision: Precision = "float32"


class PublishedSection(_Section):
    """The figures that the source prints for exactly this recipe."""

    source: str
    figures: dict[Figure, Real]
    remark: str = ""


class Recipe(_Section):
    """A whole experiment: data, model, training, where it runs and what was published for it."""

    name: Annotated[str, AfterValidator(_check_recipe_name)]
    model: ModelSection
    data: DataSection
    training: TrainingSection
    runtime: RuntimeSection = RuntimeSection()
    published: PublishedSection | None = None

    def with_model_options(self, **options: Any) -> Recipe:
        """The recipe with these options of the model's builder."""
        model = ModelSection.model_validate({**self.model.model_dump(), **options})
        return self.model_copy(update={"model": model})

    def to_yaml(self) -> str:
        """The recipe with every default spelled out, as it is kept in a run folder."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def list_recipes() -> list[str]:
    """The names of the recipes that come with kzoo."""
    return list_documents(_shipped_folder())


def load_recipe(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a shipped recipe by name, or a YAML file by path, and lay the dotted overrides over it.

    Where they name another set, the data section begins anew, marked as the user's `own`.

    Raises:
        UsageError: no such recipe, no YAML, an unknown key or a value out of range.
    """
    document, overrides = _read(name_or_path), overrides or {}
    data = document.get("data")
    if isinstance(data, dict) and overrides.get("data.name", data.get("name")) != data.get("name"):
        document["data"] = {"own": True}
    for key, value in overrides.items():
        _override(document, key, value)
    return _validate(document, name_or_path)


def parse_setting(text: str) -> tuple[str, Any]:
    """Split `key=value` of `--set`; the value is YAML: `1e-2`, `true`, `[28, 28, 1]`."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {text!r}: expected key=value, for instance --set model.dropout=0.3")
    return key.strip(), parse_value(value, f"--set {key.strip()}")


def parse_value(text: str, what: str) -> Any:
    """A value as YAML has it, `1e-3` being a number; `what` is what errors call it.

    Raises:
        UsageError: it is no YAML.
    """
    return _number(parse_yaml(text, what))


def setting_words(settings: Mapping[str, Any]) -> list[str]:
    """The words of a command line that `parse_setting` reads these values from."""
    return [word for key, value in settings.items() for word in ("--set", f"{key}={json.dumps(value)}")]


def recipe_keys() -> list[str]:
    """The dotted keys of a recipe, without the options of a model."""
    sections = {name: _section_type(info.annotation) for name, info in Recipe.model_fields.items()}
    return [
        f"{name}.{field}" if field else name
        for name, section in sections.items()
        for field in getattr(section, "model_fields", [""])
    ]


def changed_keys(recipe: Recipe, reference: Recipe) -> list[str]:
    """The dotted keys that differ and bear on the result: a seed or a backend is no change of recipe."""
    ignored = {"name", "data.own", "training.seed", "runtime.backend"}
    ours, theirs = (_flat(each.model_dump(exclude={"published"})) for each in (recipe, reference))
    return sorted(
        key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key) and key not in ignored
    )


def _shipped_folder() -> Traversable:
    return resources.files("kzoo.configs")


def _read(name_or_path: str) -> dict[str, Any]:
    document = read_document("recipe", name_or_path, _shipped_folder())
    if not isinstance(document, dict):
        raise UsageError(
            f"recipe {name_or_path!r} has no sections: expected {', '.join(Recipe.model_fields)}"
        )
    return document


def _override(document: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, leaf = dotted.split(".")
    for parent in parents:
        section = document.setdefault(parent, {})
        if not isinstance(section, dict):
            raise UsageError(f"recipe key {dotted!r}: {parent!r} is not a section")
        document = section
    document[leaf] = value


def _validate(document: dict[str, Any], name: str) -> Recipe:
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        dotted = ".".join(str(part) for part in first["loc"] if part != "[key]")
        if first["type"] == "extra_forbidden":
            raise UsageError(f"recipe {name!r} has no key {dotted!r}; {_nearest_key(dotted)}") from error
        raise UsageError(f"recipe {name!r}, {dotted or 'top level'}: {first['msg']}") from error


def _nearest_key(dotted: str) -> str:
    """The nearest key of the section, of any where none is named; else those of the section, or of all."""
    keys = list(dict.fromkeys([*Recipe.model_fields, *recipe_keys()]))
    section, _, leaf = dotted.rpartition(".")
    inside = [key for key in keys if not section or key.startswith(f"{section}.")]
    leaves = {key.rpartition(".")[2]: key for key in reversed(inside)}  # of two alike the first
    if (near := nearest(leaf, leaves)) is not None:
        return f"did you mean {leaves[near]!r}?"
    return f"known: {', '.join(sorted(inside))}" if section and inside else suggestion(dotted, keys)


def _section_type(annotation: Any) -> Any:
    """`Section` of `Section` or `Section | None`."""
    return next((part for part in getattr(annotation, "__args__", ()) if part is not type(None)), annotation)


def _number(value: Any) -> Any:
    """YAML 1.1 reads 1e-3 as a string, for want of a point; a user means the number."""
    if isinstance(value, str):
        with suppress(ValueError):
            number = float(value)
            return number if math.isfinite(number) else value
    return value


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            leaves |= _flat(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves
