"""References: PyTorch code that kzoo races against. Anyone can write one.

A reference is a Python file or package that defines

- `MODELS: dict[str, Callable[..., torch.nn.Module]]`: constructors by the zoo's names of the models. A
  constructor takes the options of the zoo's builder as keywords, without `convention`. It raises ValueError
  if it has no model with these options;
- `tensors(inputs, targets) -> (X, y)`: converts a split to the form that the model and its loss take. A
  classifier's arguments are uint8 images `(count, height, width, channels)` and int32 labels. A sequence
  model's are sources and int32 target ids `(count, length)`, with start and end tokens, padded with 0.
  Sources are ids of the same form, or float32: spectrograms `(count, frames, mels)`, padded with 0, regions
  `(images, regions, features)`, or images `(images, height, width, 3)` divided by 256 for a captioner that
  contains its encoder. A captioner's third argument has the index of each target's image;
- `train(model, optimizer, X, y, order, batch_size)`: takes one step for each batch of the examples in the
  list `order`. It gets the keyword `label_smoothing` if the recipe has label smoothing. The optimiser applies
  weight decay, to biases too, and gradient clipping. The learning rate is constant, even if the recipe has a
  schedule;
- `evaluate(model, X, y)`: does the evaluation after each epoch on the validation set, and at the end on the
  test set.

It may also define a function for a race of a tight loop, which has no loader and never waits for a loss:

- `resident_loss(model, X, y) -> loss`: moves the training set to the model's device once. The returned
  `loss(rows)` computes the loss of the batch of examples `rows`, int64 `(batch,)`. Label smoothing is given
  as above.

A package may have the references for pairs, captions and speech in modules of these names. For a race of
decoding they also define

- `load_weights(model, weights)`: loads the zoo's weights, arrays by the paths of Keras's variables;
- `decode_singly(model, X)` and `decode_in_batches(model, X)`: decode all sources greedily.

The model is already on its device. The race sets PyTorch's number of threads.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from kzoo.bench.handover import read_split
from kzoo.bench.task import DecodingTask, TrainingTask
from kzoo.data.splits import SPLITS, take_share
from kzoo.errors import UsageError
from kzoo.names import suggestion

if TYPE_CHECKING:
    import torch

    from kzoo.recipe import Recipe, TrainingSection

NAMES = ("MODELS", "tensors", "train", "evaluate")
DECODING_NAMES = ("MODELS", "tensors", "load_weights", "decode_singly", "decode_in_batches")
TIGHT_NAME = "resident_loss"
"""The name that a reference defines to race a tight loop too."""

OWN_TWINS = "kzoo.pytorch"
"""The package of kzoo's own references, the PyTorch twins of its models."""

Arrays = tuple[np.ndarray, ...]


def start_torch(task: TrainingTask | DecodingTask) -> torch.device:
    """Import PyTorch, set the threads of the task, and return the device to compute on."""
    import torch

    if task.threads is not None:
        torch.set_num_threads(task.threads)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def facts(device: torch.device) -> dict[str, Any]:
    """Return the framework, versions, device and threads of a PyTorch worker."""
    import torch

    versions, threads = {"torch": torch.__version__}, torch.get_num_threads()
    return {"framework": "torch", "versions": versions, "device": device.type, "threads": threads}


def load_reference(path: Path | None, model: str, kind: str, names: tuple[str, ...]) -> ModuleType:
    """Import a reference, with its folder on the module path; a `path` of None is kzoo's own reference.

    Raises:
        UsageError: the file does not define what a reference must, or has no such model.
    """
    module = import_module(f"{OWN_TWINS}.{kind}") if path is None else _import_file(path, kind)
    if missing := [name for name in names if not hasattr(module, name)]:
        raise UsageError(f"{path} defines no {', '.join(missing)}: see python -m pydoc kzoo.bench.reference")
    if model not in module.MODELS:
        raise UsageError(
            f"{path or module.__name__} has no model {model!r}; {suggestion(model, module.MODELS)}"
        )
    return module


def _import_file(path: Path, kind: str) -> ModuleType:
    """Import a Python file or package, or the package's module of the kind if it has one."""
    sys.path.insert(0, str(path.resolve().parent))
    of_kind = path.is_dir() and (path / f"{kind}.py").is_file()
    return import_module(f"{path.stem}.{kind}" if of_kind else path.stem)


def load_splits(task: TrainingTask) -> list[Arrays]:
    """Load all splits in the way kzoo does, or read those that kzoo hands over."""
    if (load := _LOADERS.get(task.kind)) is not None:
        return load(task.recipe, task.options, task.data_dir)
    return [read_split(task.handover, split) for split in SPLITS]


def _image_splits(recipe: Recipe, options: dict[str, Any], data_dir: Path | None) -> list[Arrays]:
    """Load the images and labels of each split."""
    from kzoo.data.images.load import load_image_set

    data = load_image_set(
        recipe.data.name,
        data_dir=data_dir,
        image_shape=tuple(options["input_shape"]),
        test_cut=recipe.data.test_cut,
    )
    data = take_share(data, recipe.data.fraction, recipe.training.seed)
    return [(split.images, split.labels) for split in data.splits.values()]


def _pair_splits(recipe: Recipe, options: dict[str, Any], data_dir: Path | None) -> list[Arrays]:
    """Load and encode the sources and targets of each split."""
    from kzoo.data.pairs.load import OPTIONS, load_pair_set

    options = recipe.data.model_dump(include=set(OPTIONS))
    data = load_pair_set(recipe.data.name, data_dir=data_dir, **options)
    data = take_share(data, recipe.data.fraction, recipe.training.seed)
    sources, targets = data.vocabularies()
    return [
        (sources.encode_batch(split.sources), targets.encode_batch(split.targets, start=True, end=True))
        for split in data.splits.values()
    ]


_LOADERS = {"images": _image_splits, "pairs": _pair_splits}


def create_model(reference: ModuleType, name: str, options: dict[str, Any]) -> torch.nn.Module:
    """Create the reference's model, with its own initial weights.

    Raises:
        UsageError: the reference has no model with these options.
    """
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    options.pop("convention", None)
    try:
        return reference.MODELS[name](**options)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the reference of {name!r} does not have the options of the recipe: {error}"
        ) from error


def smoothing(training: TrainingSection) -> dict[str, float]:
    """Return the keyword `label_smoothing` of a loss, empty if the recipe has no label smoothing."""
    return {"label_smoothing": training.label_smoothing} if training.label_smoothing else {}


def check_recipe(training: TrainingSection) -> None:
    """Raise UsageError if a recipe asks for what references do not compute."""
    lacking = {
        "optimizer=rmsprop": training.optimizer == "rmsprop",
        "accumulation": training.accumulation > 1,
        "class_weights": training.class_weights is not None,
    }
    for key, asked in lacking.items():
        if asked:
            raise UsageError(f"the references of kzoo bench do not have training.{key}: race without it")


def create_optimizer(
    model: torch.nn.Module, training: TrainingSection, **options: Any
) -> torch.optim.Optimizer:
    """Create the recipe's optimiser with a constant learning rate and further options of PyTorch's class."""
    import torch

    weights = list(model.parameters())
    options |= {"lr": training.learning_rate, "weight_decay": training.weight_decay}
    if training.optimizer == "sgd":
        options |= {"momentum": training.momentum, "nesterov": training.nesterov}
        optimizer: torch.optim.Optimizer = torch.optim.SGD(weights, **options)
    else:
        optimizer = (torch.optim.AdamW if training.weight_decay else torch.optim.Adam)(weights, **options)

    def clip(*_: Any) -> None:
        if training.clip_value is not None:
            torch.nn.utils.clip_grad_value_(weights, training.clip_value)
        if training.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(weights, training.clip_norm)

    optimizer.register_step_pre_hook(clip)
    return optimizer
