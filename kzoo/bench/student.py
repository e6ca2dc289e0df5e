"""Plain PyTorch's side of a race: the training and decoding loops of the reference itself."""

from __future__ import annotations

import numpy as np

from kzoo.bench import reference
from kzoo.bench.handover import read_examples, read_split
from kzoo.bench.task import DecodingTask, TrainingTask
from kzoo.bench.timed_worker import Stopwatch


def train(task: TrainingTask, stopwatch: Stopwatch) -> None:
    """Train the reference; time import, data, and a step and rounds of steps, or epochs and the end."""
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
    """Decode; time the import, the data with the model, and in each round batches and single sources."""
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
