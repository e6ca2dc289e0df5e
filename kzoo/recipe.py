"""Recipes, the configuration files of experiments, and their schema.

A recipe is a YAML file of six sections. Command line options and `--set key=value` override its keys; an
unknown key is an error that names the nearest known key.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kzoo.data.limits import MAX_SIDE
from kzoo.data.tokens import TokenKind
from kzoo.documents import list_documents, parse_yaml, read_document
from kzoo.errors import UsageError
from kzoo.metrics.table import is_metric, unknown_metric
from kzoo.names import LONGEST, RULE, is_name, nearest, suggestion

BackendName = Literal["tensorflow", "jax", "torch"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]

AUTO = "auto"
"""In place of a batch size on the command line: the one that trains the fastest."""


def _check_name(name: str) -> str:
    """Return the name if it is safe as a folder name, else raise."""
    if not is_name(name):
        raise PydanticCustomError("name", f"expected {RULE}")
    return name


def _check_recipe_name(name: str) -> str:
    """Return the name of a recipe, or of a table's row as `TABLE row`, if it is valid, else raise."""
    if not all(map(is_name, name.split(" "))) or len(name.encode()) > 2 * LONGEST + 1:
        raise PydanticCustomError("name", f"expected names separated by a space, each of {RULE}")
    return name


def _check_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number", "a number is expected, not true or false")
    return value


def _check_batch_size(value: Any) -> Any:
    if value == AUTO:
        raise PydanticCustomError("batch_size", "expected an integer; kzoo train has --batch-size auto")
    return value


def _check_patterns(value: Any) -> Any:
    if not isinstance(value, list):
        raise PydanticCustomError("patterns", "expected a list of patterns, for instance [conv*, fc1]")
    return value


def _check_figure(name: str) -> str:
    if not is_metric(name):
        raise PydanticCustomError("figure", unknown_metric(name))
    return name


Figure = Annotated[str, AfterValidator(_check_figure)]
"""The name of a metric of a split, for instance `test_accuracy`; see `kzoo.metrics.table`."""

Name = Annotated[str, AfterValidator(_check_name)]
"""The name of a table or of a row of it."""

Whole = Annotated[int, BeforeValidator(_check_number)]
"""An integer; `true` and `false` are rejected."""

Real = Annotated[float, BeforeValidator(_check_number), Field(allow_inf_nan=False)]
"""A finite number; `true` and `false` are rejected."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSection(BaseModel):
    """The model section: a name, a run to begin from, and the builder's options, checked by the registry."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str
    init: str | None = Field(
        default=None,
        description="The folder of a run, or weights of kzoo by name, that the training begins with",
    )

    @property
    def options(self) -> dict[str, Any]:
        """The options of the builder that the recipe sets."""
        return {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in (self.model_extra or {}).items()
        }


class DataSection(_Section):
    """The data section: a data set's name, stand-in or path, and keys that apply to some kinds of data."""

    name: str
    own: bool = Field(
        default=False, description="The user's own data set replaces the recipe's; the model is fitted to it"
    )
    fraction: Annotated[Real, Field(gt=0, le=1)] = Field(
        default=1.0, description="The fraction of the training split to train on, drawn with the run's seed"
    )
    test_cut: bool = Field(default=False, description="OCTMNIST: test on R004's 529 images only")
    max_length: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Pairs: leave out pairs with more tokens on either side"
    )
    source_tokens: TokenKind | None = Field(default=None, description="Own pairs: the kind of source tokens")
    target_tokens: TokenKind | None = Field(default=None, description="Own pairs: the kind of target tokens")
    min_count: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Captions: the minimum count of a word in the vocabulary"
    )
    image_size: Annotated[Whole, Field(gt=0, le=MAX_SIDE)] | None = Field(
        default=None, description="Captions: height and width of the images; the encoder's by default"
    )
    max_frames: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Speech: cut longer clips to this number of spectrogram frames"
    )
    mel_rate: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None, description="Speech: the sample rate of the mel filters; the clips' own by default"
    )
    stress: bool = Field(default=False, description="cmudict: keep the stress digits of vowels")


class TrainingSection(_Section):
    """The training section. The image reports used no schedule, weight decay, smoothing or averaging."""

    optimizer: Literal["sgd", "adam", "rmsprop"] = Field(
        default="sgd", description="adam with weight_decay is AdamW"
    )
    momentum: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="SGD and RMSprop: the share of an update that is added to the next one"
    )
    nesterov: bool = Field(default=False, description="SGD: Nesterov's momentum")
    learning_rate: Annotated[Real, Field(gt=0)]
    schedule: Literal["constant", "cosine", "linear", "one_cycle"] = Field(
        default="constant",
        description="cosine: decay the learning rate to 0 at the last step; linear: R004's, raise it from a "
        "hundredth in two epochs, then lower it to a hundredth in the last epoch; one_cycle: raise it from a "
        "25th in the first 30 % of the steps, then lower it to nearly 0",
    )
    warmup: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="The share of all steps in which the learning rate rises from 0"
    )
    weight_decay: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Decoupled: each step scales weights by 1 - learning_rate * weight_decay"
    )
    decay_biases: bool = Field(
        default=True, description="Decay biases and the scales and shifts of normalisations too"
    )
    label_smoothing: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="The share of a label's probability that is spread over all labels"
    )
    clip_value: Annotated[Real, Field(gt=0)] | None = Field(
        default=None, description="Cut each element of a gradient to [-clip_value, clip_value]"
    )
    clip_norm: Annotated[Real, Field(gt=0)] | None = Field(
        default=None, description="Scale the gradient of all weights to at most this norm"
    )
    accumulation: Annotated[Whole, Field(gt=0)] = Field(
        default=1, description="The number of batches whose mean gradient makes an update of the weights"
    )
    frozen: Annotated[list[str], BeforeValidator(_check_patterns)] = Field(
        default=[], description="Shell patterns of the names of layers whose weights stay as they are"
    )
    initialized_rate: Annotated[Real, Field(gt=0, le=1)] = Field(
        default=1.0, description="model.init: a factor of the updates of the weights that come from the run"
    )
    averaging: Annotated[Real, Field(gt=0, lt=1)] | None = Field(
        default=None, description="The momentum of a moving average of the weights, which is then tested"
    )
    class_weights: Literal["balanced"] | None = Field(
        default=None, description="Images, balanced: weight losses by the inverse frequency of their class"
    )
    batch_size: Annotated[Whole, Field(gt=0), BeforeValidator(_check_batch_size)] = 8
    batch_by_length: bool = Field(default=False, description="Fill batches with examples of similar length")
    epochs: Annotated[Whole, Field(gt=0)]
    patience: Annotated[Whole, Field(gt=0)] | None = Field(
        default=None,
        description="Stop after this number of epochs without a better value of the validation criterion; "
        "tested_epoch is then best",
    )
    drop_last: bool = Field(default=False, description="Leave out a smaller last batch")
    tested_epoch: Literal["last", "best"] = Field(
        default="last", description="The model to test: of the last epoch, or the best on the validation set"
    )
    seed: Annotated[Whole, Field(ge=0, lt=2**32)] = 42

    @model_validator(mode="before")
    @classmethod
    def _test_best_epoch(cls, values: Any) -> Any:
        """Test the best epoch of a training that may stop early, unless the recipe says otherwise."""
        if isinstance(values, dict) and values.get("patience") is not None:
            return {"tested_epoch": "best", **values}
        return values

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        """Raise for keys that contradict each other or would have no effect."""
        refused = {
            "adam has a momentum of its own: leave out momentum": self.momentum and self.optimizer == "adam",
            "nesterov is for sgd with momentum: set momentum": self.nesterov
            and not (self.momentum and self.optimizer == "sgd"),
            "one_cycle has a warm-up of its own: leave out warmup": self.warmup
            and self.schedule == "one_cycle",
            "clip_value and clip_norm exclude each other: leave one out": self.clip_value and self.clip_norm,
            "patience is for the best epoch: set tested_epoch to best": self.patience
            and self.tested_epoch == "last",
        }
        for message, applies in refused.items():
            if applies:
                raise PydanticCustomError("combination", message)
        return self


class AugmentationSection(_Section):
    """The augmentation section: random changes of the training examples, drawn anew in each epoch.

    Each key applies to one kind of data. The defaults change nothing.
    """

    shift: Annotated[Whole, Field(ge=0)] = Field(
        default=0,
        description="Images: the largest shift along each axis in pixels; the rest is filled with 0",
    )
    flip: bool = Field(default=False, description="Images: mirror half of the images, left to right")
    rotation: Annotated[Real, Field(ge=0, le=180)] = Field(
        default=0.0, description="Images: the largest rotation either way in degrees"
    )
    crop: Annotated[Real, Field(gt=0, le=1)] = Field(
        default=1.0, description="Images: the smallest share of the area that is cut out and resized"
    )
    colour: Annotated[Real, Field(ge=0, le=1)] = Field(
        default=0.0, description="Images: the largest change of brightness, contrast and saturation, a share"
    )
    cutout: Annotated[Whole, Field(ge=0)] = Field(
        default=0, description="Images: the side in pixels of a square that is set to 0"
    )
    mixup: Annotated[Real, Field(ge=0)] = Field(
        default=0.0, description="Images: mix two images with a weight from Beta(mixup, mixup)"
    )
    cutmix: Annotated[Real, Field(ge=0)] = Field(
        default=0.0, description="Images: paste a box of another image, its area from Beta(cutmix, cutmix)"
    )
    time_masks: Annotated[Whole, Field(ge=0)] = Field(
        default=0, description="Speech: the number of masked intervals of time"
    )
    time_mask_width: Annotated[Whole, Field(gt=0)] = Field(
        default=100, description="Speech: the largest width of a time mask in frames"
    )
    frequency_masks: Annotated[Whole, Field(ge=0)] = Field(
        default=0, description="Speech: the number of masked intervals of mel bins"
    )
    frequency_mask_width: Annotated[Whole, Field(gt=0)] = Field(
        default=27, description="Speech: the largest width of a frequency mask in mel bins"
    )
    noise: Annotated[Real, Field(ge=0)] = Field(
        default=0.0, description="Speech: the standard deviation of noise added to the log-mel values"
    )
    tokens: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Pairs: the share of source tokens dropped, replaced or swapped"
    )

    @model_validator(mode="after")
    def _mixes_in_one_way(self) -> Self:
        if self.mixup and self.cutmix:
            raise PydanticCustomError("mixing", "mixup and cutmix exclude each other: set one of them to 0")
        return self


class RuntimeSection(_Section):
    """The runtime section. `backend` is a preference that `--backend` and KERAS_BACKEND override."""

    backend: BackendName | None = None
    precision: Precision = "float32"


class PublishedSection(_Section):
    """The published section: the figures that the source prints for exactly this recipe."""

    source: str
    figures: dict[Figure, Real]
    remark: str = ""


class Recipe(_Section):
    """The configuration of an experiment: model, data, training, augmentation, runtime, published figures."""

    name: Annotated[str, AfterValidator(_check_recipe_name)]
    model: ModelSection
    data: DataSection
    training: TrainingSection
    augmentation: AugmentationSection = AugmentationSection()
    runtime: RuntimeSection = RuntimeSection()
    published: PublishedSection | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_moved_key(cls, document: Any) -> Any:
        """Read `training.augmentation`, as runs of an earlier version have it, as `augmentation.tokens`."""
        training = document.get("training") if isinstance(document, dict) else None
        if not isinstance(training, dict) or "augmentation" not in training:
            return document
        others = {key: value for key, value in training.items() if key != "augmentation"}
        moved = {"tokens": training["augmentation"]} | document.get("augmentation", {})
        return document | {"training": others, "augmentation": moved}

    @model_validator(mode="after")
    def _rates_what_is_initialized(self) -> Self:
        if self.training.initialized_rate != 1 and self.model.init is None:
            message = "training.initialized_rate is for weights of another run: set model.init to its folder"
            raise PydanticCustomError("combination", message)
        return self

    def with_model_options(self, **options: Any) -> Recipe:
        """Return the recipe with these model options changed."""
        model = ModelSection.model_validate({**self.model.model_dump(), **options})
        return self.model_copy(update={"model": model})

    def with_values(self, section: str, **values: Any) -> Recipe:
        """Return the recipe with these values in a section; they are not checked."""
        return self.model_copy(update={section: getattr(self, section).model_copy(update=values)})

    def to_yaml(self) -> str:
        """Return the recipe as YAML with every default spelled out, as saved in a run folder."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def list_recipes() -> list[str]:
    """List the names of the recipes shipped with kzoo."""
    return list_documents(_shipped_folder())


def load_recipe(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Load a shipped recipe by name, or a YAML file by path, and apply the overrides, given by dotted key.

    If they name another data set, the data section starts anew and is marked as the user's `own`.

    Raises:
        UsageError: the recipe does not exist or is not valid YAML, a key is unknown or a value is invalid.
    """
    document, overrides = _read(name_or_path), overrides or {}
    data = document.get("data")
    if isinstance(data, dict) and overrides.get("data.name", data.get("name")) != data.get("name"):
        document["data"] = {"own": True}
    for key, value in overrides.items():
        _override(document, key, value)
    return _validate(document, name_or_path)


def stated_keys(name_or_path: str) -> list[str]:
    """List the dotted keys that the file of a recipe states.

    Raises:
        UsageError: as `load_recipe`.
    """
    return list(_flat(_read(name_or_path)))


def parse_setting(text: str) -> tuple[str, Any]:
    """Split a `--set key=value` setting; the value is YAML such as `1e-2`, `true` or `[28, 28, 1]`."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {text!r}: expected key=value, for instance --set model.dropout=0.3")
    return key.strip(), parse_value(value, f"--set {key.strip()}")


def parse_value(text: str, what: str) -> Any:
    """Parse a YAML value, in which `1e-3` is a number too; error messages call it `what`.

    Raises:
        UsageError: the text is not valid YAML.
    """
    return _number(parse_yaml(text, what))


def setting_words(settings: Mapping[str, Any]) -> list[str]:
    """Return the command line words (`--set key=value`) that set these values."""
    return [word for key, value in settings.items() for word in ("--set", f"{key}={json.dumps(value)}")]


def recipe_keys() -> list[str]:
    """List the dotted keys of a recipe, without the options of models."""
    sections = {name: _section_type(info.annotation) for name, info in Recipe.model_fields.items()}
    return [
        f"{name}.{field}" if field else name
        for name, section in sections.items()
        for field in getattr(section, "model_fields", [""])
    ]


def changed_keys(recipe: Recipe, reference: Recipe) -> list[str]:
    """Return the dotted keys that differ between recipes and affect the result, unlike seed or backend."""
    ignored = {"name", "data.own", "training.seed", "runtime.backend"}
    ours, theirs = (_flat(each.model_dump(exclude={"published"})) for each in (recipe, reference))
    return sorted(
        key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key) and key not in ignored
    )


def _shipped_folder() -> Traversable:
    return resources.files("kzoo.configs")


def _read(name_or_path: str) -> dict[str, Any]:
    """Read a recipe's document. Raises UsageError if it is not a mapping of sections."""
    document = read_document("recipe", name_or_path, _shipped_folder())
    if not isinstance(document, dict):
        raise UsageError(
            f"recipe {name_or_path!r} has no sections: expected {', '.join(Recipe.model_fields)}"
        )
    return document


def _override(document: dict[str, Any], dotted: str, value: Any) -> None:
    """Set a dotted key of a document. Raises UsageError if a part of it is not a section."""
    *parents, leaf = dotted.split(".")
    for parent in parents:
        section = document.setdefault(parent, {})
        if not isinstance(section, dict):
            raise UsageError(f"recipe key {dotted!r}: {parent!r} is not a section")
        document = section
    document[leaf] = value


def _validate(document: dict[str, Any], name: str) -> Recipe:
    """Return the recipe of a document. Raises UsageError for the first unknown key or invalid value."""
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        dotted = ".".join(str(part) for part in first["loc"] if part != "[key]")
        if first["type"] == "extra_forbidden":
            raise UsageError(f"recipe {name!r} has no key {dotted!r}; {_nearest_key(dotted)}") from error
        raise UsageError(f"recipe {name!r}, {dotted or 'top level'}: {first['msg']}") from error


def _nearest_key(dotted: str) -> str:
    """Suggest the nearest key of a dotted key's section, or of all if it has none; else list the keys."""
    keys = list(dict.fromkeys([*Recipe.model_fields, *recipe_keys()]))
    section, _, leaf = dotted.rpartition(".")
    inside = [key for key in keys if not section or key.startswith(f"{section}.")]
    leaves = {key.rpartition(".")[2]: key for key in reversed(inside)}  # the first of equal leaves wins
    if (near := nearest(leaf, leaves)) is not None:
        return f"did you mean {leaves[near]!r}?"
    return f"known: {', '.join(sorted(inside))}" if section and inside else suggestion(dotted, keys)


def _section_type(annotation: Any) -> Any:
    """Return `Section` from the annotation `Section` or `Section | None`."""
    return next((part for part in getattr(annotation, "__args__", ()) if part is not type(None)), annotation)


def _number(value: Any) -> Any:
    """Convert a text such as 1e-3 to a number, as YAML 1.1 reads it as a string for lack of a point."""
    if isinstance(value, str):
        with suppress(ValueError):
            number = float(value)
            return number if math.isfinite(number) else value
    return value


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings by dotted key."""
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            leaves |= _flat(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves
