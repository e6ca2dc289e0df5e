"""Plain PyTorch's side of a race: a reference's own loops, as it has them."""

from __future__ import annotations

import numpy as np

from kzoo.bench import reference
from kzoo.bench.handover import read_examples, read_split
from kzoo.bench.task import DecodingTask, TrainingTask
from kzoo.bench.timed_worker import Stopwatch


def train(task: TrainingTask, stopwatch: Stopwatch) -> None:
    """It times: import; data; then one step and rounds of steps, or epochs and the end of the run."""
    device = reference.start_torch(task)

    import torch

    name, training = task.recipe.model.name, task.recipe.training
    module = reference.load_reference(task.against, name, task.kind, reference.NAMES)
    stopwatch.done(**reference.facts(device), has_tight_loop=hasattr(module, reference.TIGHT_NAME))

    splits = reference.load_splits(task)
    training_set, validation_set, test_set = (module.tensors(*arrays) for arrays in splits)
    stopwatch.done()

    torch.manual_seed(training.seed)
    model = reference.create_model(module, name, task.options).to(device)
    optimizer, smoothing = reference.create_optimizer(model, training), reference.smoothing(training)
    for order in task.orders(read_examples(task.handover)):
        module.train(model, optimizer, *training_set, order.tolist(), training.batch_size, **smoothing)
        if task.steps is None:
            module.evaluate(model, *validation_set)
        stopwatch.done()
    module.evaluate(model, *test_set)
    stopwatch.done()


def decode(task: DecodingTask, stopwatch: Stopwatch) -> None:
    """It times: import; data and model; then for each round batches, and one source after the other."""
    device = reference.start_torch(task)
    module = reference.load_reference(task.against, task.model, task.kind, reference.DECODING_NAMES)
    stopwatch.done(**reference.facts(device))

    X, _ = module.tensors(*read_split(task.handover, "test"))
    model = reference.create_model(module, task.model, task.options).to(device).eval()
    with np.load(task.handover / "weights.npz") as weights:
        module.load_weights(model, dict(weights))
    stopwatch.done()
    for _ in range(1 + task.rounds):
        module.decode_in_batches(model, X[: task.batched])
        stopwatch.done()
        module.decode_singly(model, X[: task.single])
        stopwatch.done()
