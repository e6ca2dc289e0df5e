"""PyTorch's side of a race: a reference that anyone can write.

A reference is a Python file or package that defines

- `MODELS: dict[str, Callable[..., torch.nn.Module]]`: by the zoo's name, a constructor that takes the options
  of the zoo's builder as keywords, without `convention`;
- `tensors(inputs, targets) -> (X, y)`: a split as the model and its loss take it, from uint8 images `(count,
  height, width, channels)` and int32 labels, or from sources and int32 ids of targets (between start and end,
  `(count, length)`, padded with 0). Sources are ids like them, or float32: spectrograms `(count, frames,
  mels)`, padded with 0, or regions `(images, regions, features)`, after which comes the image of each target;
- `train(model, optimizer, X, y, order, batch_size)`: one step for each batch of the examples in the list
  `order`. Where the recipe has label smoothing it is given as the keyword `label_smoothing`; weight decay and
  clipped gradients come with the optimiser. The learning rate is constant, whatever the schedule;
- `evaluate(model, X, y)`: whatever is done after an epoch on the validation set, and at the end on the test
  set.

A package may have the references for pairs, captions and speech in modules of these names. For a race of
decoding they also define

- `load(model, weights)`: take over the zoo's weights, arrays by the paths of Keras's variables;
- `decode_singly(model, X)` and `decode_in_batches(model, X)`: greedy decoding of all sources.

The model comes on the device it is to be trained on. PyTorch's number of threads is left as it is.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from kzoo.bench.handover import read_examples, read_split
from kzoo.bench.laps import Laps
from kzoo.bench.task import DecodingTask, TrainingTask
from kzoo.data.splits import SPLITS, take_share
from kzoo.errors import UsageError
from kzoo.names import suggestion

if TYPE_CHECKING:
    import torch

    from kzoo.recipe import Recipe, TrainingSection

NAMES = ("MODELS", "tensors", "train", "evaluate")
DECODING_NAMES = ("MODELS", "tensors", "load", "decode_singly", "decode_in_batches")

Arrays = tuple[np.ndarray, ...]


def train(task: TrainingTask, laps: Laps) -> None:
    """The laps: import; data; then one step and rounds of steps, or epochs and the end of the run."""
    import torch

    name, training = task.recipe.model.name, task.recipe.training
    reference = load_reference(task.against, name, task.kind, NAMES)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    laps.done(**_facts(device))

    splits = _load_splits(task)
    training_set, validation_set, test_set = (reference.tensors(*arrays) for arrays in splits)
    laps.done()

    torch.manual_seed(training.seed)
    model = _create_model(reference, name, task.options).to(device)
    optimizer = _create_optimizer(model, training)
    smoothing = {"label_smoothing": training.label_smoothing} if training.label_smoothing else {}
    for order in task.orders(read_examples(task.handover)):
        reference.train(model, optimizer, *training_set, order.tolist(), training.batch_size, **smoothing)
        if task.steps is None:
            reference.evaluate(model, *validation_set)
        laps.done()
    reference.evaluate(model, *test_set)
    laps.done()


def decode(task: DecodingTask, laps: Laps) -> None:
    """The laps: import; data and model; then for each round batches, and one source after the other."""
    import torch

    reference = load_reference(task.against, task.model, task.kind, DECODING_NAMES)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    laps.done(**_facts(device))

    X, _ = reference.tensors(*read_split(task.handover, "test"))
    model = _create_model(reference, task.model, task.options).to(device).eval()
    with np.load(task.handover / "weights.npz") as weights:
        reference.load(model, dict(weights))
    laps.done()
    for _ in range(1 + task.rounds):
        reference.decode_in_batches(model, X[: task.batched])
        laps.done()
        reference.decode_singly(model, X[: task.single])
        laps.done()


def load_reference(path: Path, model: str, kind: str, names: tuple[str, ...]) -> ModuleType:
    """Import a reference as Python would run it: with its folder on the path of modules.

    Raises:
        UsageError: the file does not define what a reference must, or has no such model.
    """
    sys.path.insert(0, str(path.resolve().parent))
    of_kind = path.is_dir() and (path / f"{kind}.py").is_file()
    module = import_module(f"{path.stem}.{kind}" if of_kind else path.stem)
    if missing := [name for name in names if not hasattr(module, name)]:
        raise UsageError(
            f"{path} defines no {', '.join(missing)}: python -m pydoc kzoo.bench.reference says what it must"
        )
    if model not in module.MODELS:
        raise UsageError(f"{path} has no model {model!r}; {suggestion(model, module.MODELS)}")
    return module


def _facts(device: torch.device) -> dict[str, Any]:
    import torch

    versions, threads = {"torch": torch.__version__}, torch.get_num_threads()
    return {"framework": "torch", "versions": versions, "device": device.type, "threads": threads}


def _load_splits(task: TrainingTask) -> list[Arrays]:
    """As kzoo loads them, or as it hands them over."""
    if (load := _LOADERS.get(task.kind)) is not None:
        return load(task.recipe, task.options, task.data_dir)
    return [read_split(task.handover, split) for split in SPLITS]


def _image_splits(recipe: Recipe, options: dict[str, Any], data_dir: Path | None) -> list[Arrays]:
    from kzoo.data.sources import load_image_set

    data = load_image_set(
        recipe.data.name,
        data_dir=data_dir,
        image_shape=tuple(options["input_shape"]),
        test_cut=recipe.data.test_cut,
    )
    data = take_share(data, recipe.data.fraction, recipe.training.seed)
    return [(split.images, split.labels) for split in data.splits.values()]


def _pair_splits(recipe: Recipe, options: dict[str, Any], data_dir: Path | None) -> list[Arrays]:
    from kzoo.data.pair_sources import OPTIONS, load_pair_set

    options = recipe.data.model_dump(include=set(OPTIONS))
    data = load_pair_set(recipe.data.name, data_dir=data_dir, **options)
    data = take_share(data, recipe.data.fraction, recipe.training.seed)
    sources, targets = data.vocabularies()
    return [
        (sources.encode_batch(split.sources), targets.encode_batch(split.targets, start=True, end=True))
        for split in data.splits.values()
    ]


_LOADERS = {"images": _image_splits, "pairs": _pair_splits}


def _create_model(reference: ModuleType, name: str, options: dict[str, Any]) -> torch.nn.Module:
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return reference.MODELS[name](**{key: value for key, value in options.items() if key != "convention"})


def _create_optimizer(model: torch.nn.Module, training: TrainingSection) -> torch.optim.Optimizer:
    import torch

    adam = torch.optim.AdamW if training.weight_decay else torch.optim.Adam
    kind = {"sgd": torch.optim.SGD, "adam": adam}[training.optimizer]
    optimizer = kind(model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
    if (clip := training.clip_value) is not None:
        optimizer.register_step_pre_hook(lambda *_: torch.nn.utils.clip_grad_value_(model.parameters(), clip))
    return optimizer
