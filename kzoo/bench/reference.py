"""PyTorch's side of a training race: a reference that anyone can write.

A reference is a Python file or package that defines

- `MODELS: dict[str, Callable[..., torch.nn.Module]]`: by the zoo's name, a constructor that takes the options
  of the zoo's builder as keywords, without `convention`;
- `tensors(images, labels) -> (X, y)`: uint8 images `(count, height, width, channels)` and int32 labels as the
  model and its loss take them;
- `train(model, optimizer, X, y, order, batch_size)`: one step for each batch of the examples in the list
  `order`;
- `evaluate(model, X, y)`: whatever is done after an epoch on the validation set, and at the end on the test
  set.

The model comes on the device it is to be trained on. PyTorch's number of threads is left as it is.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kzoo.bench.laps import Laps
from kzoo.bench.task import TrainingTask
from kzoo.data.sources import load_image_set
from kzoo.errors import UsageError
from kzoo.names import suggestion
from kzoo.training.examples import Examples

if TYPE_CHECKING:
    import torch

    from kzoo.data.images import Split

NAMES = ("MODELS", "tensors", "train", "evaluate")


def train(task: TrainingTask, laps: Laps) -> None:
    """The laps: import; data; then one step and rounds of steps, or epochs and the end of the run."""
    import torch

    reference = load_reference(task.against, task.recipe.model.name)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    laps.done(
        framework="torch",
        versions={"torch": torch.__version__},
        device=device.type,
        threads=torch.get_num_threads(),
    )

    options = {key: tuple(value) if isinstance(value, list) else value for key, value in task.options.items()}
    data = load_image_set(
        task.recipe.data.name,
        data_dir=task.data_dir,
        image_shape=options["input_shape"],
        test_cut=task.recipe.data.test_cut,
    )

    def tensors(split: Split) -> tuple[Any, Any]:
        return reference.tensors(split.images, split.labels)

    training_set, validation_set, test_set = map(tensors, data.splits.values())
    laps.done()

    training = task.recipe.training
    torch.manual_seed(training.seed)
    model = _create_model(reference, task.recipe.model.name, options).to(device)
    optimizer = _create_optimizer(model, training.optimizer, training.learning_rate)
    for order in task.orders(Examples.of_fixed_size(data.train.labels)):
        reference.train(model, optimizer, *training_set, order.tolist(), training.batch_size)
        if task.steps is None:
            reference.evaluate(model, *validation_set)
        laps.done()
    reference.evaluate(model, *test_set)
    laps.done()


def load_reference(path: Path, model: str) -> ModuleType:
    """Import a reference as Python would run it: with its folder on the path of modules.

    Raises:
        UsageError: the file does not define what a reference must, or has no such model.
    """
    sys.path.insert(0, str(path.resolve().parent))
    module = import_module(path.stem)
    if missing := [name for name in NAMES if not hasattr(module, name)]:
        raise UsageError(
            f"{path} defines no {', '.join(missing)}: python -m pydoc kzoo.bench.reference says what it must"
        )
    if model not in module.MODELS:
        raise UsageError(f"{path} has no model {model!r}; {suggestion(model, module.MODELS)}")
    return module


def _create_model(reference: ModuleType, name: str, options: dict[str, Any]) -> torch.nn.Module:
    return reference.MODELS[name](**{key: value for key, value in options.items() if key != "convention"})


def _create_optimizer(model: torch.nn.Module, name: str, learning_rate: float) -> torch.optim.Optimizer:
    import torch

    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name]
    return kind(model.parameters(), lr=learning_rate)
