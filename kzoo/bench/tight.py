"""A tight loop of eager PyTorch: resident tensors, no loader, a fused optimiser, no wait for the loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kzoo.bench import reference
from kzoo.bench.handover import read_examples
from kzoo.bench.task import TrainingTask
from kzoo.bench.timed_worker import Stopwatch

if TYPE_CHECKING:
    import torch


def train(task: TrainingTask, stopwatch: Stopwatch) -> None:
    """Train the reference, timing the import, the data, one step, and each round of steps."""
    device = reference.start_torch(task)

    import torch

    name, training = task.recipe.model.name, task.recipe.training
    module = reference.load_reference(task.against, name, task.kind, (*reference.NAMES, reference.TIGHT_NAME))
    stopwatch.done(**reference.facts(device))

    training_set = module.tensors(*reference.load_splits(task)[0])
    stopwatch.done()

    torch.manual_seed(training.seed)
    model = reference.create_model(module, name, task.options).to(device).train()
    optimizer = reference.create_optimizer(model, training, fused=True)
    loss = module.resident_loss(model, *training_set, **reference.smoothing(training))
    for order in task.orders(read_examples(task.handover)):
        rows = torch.from_numpy(order).long().to(device)
        train_on(optimizer, loss, rows.split(training.batch_size))
        stopwatch.done()


def train_on(
    optimizer: torch.optim.Optimizer,
    loss: Callable[[torch.Tensor], torch.Tensor],
    batches: Sequence[torch.Tensor],
) -> float:
    """Take one step for each batch of examples, and return the mean loss of the batches."""
    total = 0.0
    for batch in batches:
        optimizer.zero_grad(set_to_none=True)
        batch_loss = loss(batch)
        batch_loss.backward()
        optimizer.step()
        total += batch_loss.detach()
    return float(total / len(batches))
