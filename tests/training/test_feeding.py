from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.data import large_arrays
from kzoo.training import feeding
from kzoo.training.examples import Examples, SharedSources


def examples(kind: type[Examples]) -> Examples:
    """Return 13 examples of two arrays, or of five sources that they share."""
    rng = np.random.default_rng(6)
    sources, targets = rng.normal(size=(13, 2, 3)).astype(np.float32), rng.integers(0, 9, (13, 4))
    if kind is Examples:
        return Examples.of_fixed_size(sources, targets)
    return SharedSources(
        (sources[:5], targets, rng.integers(0, 5, 13, np.int32)), np.full((13, 1), 4, np.int32)
    )


def batch(arrays, rows) -> list[np.ndarray]:
    """Return the source and the target of each row, as a training step gathers them."""
    sources, targets, *owners = (keras.ops.convert_to_numpy(array) for array in arrays)
    return [sources[owners[0][rows] if owners else rows], targets[rows]]


@pytest.mark.parametrize("kind", [Examples, SharedSources])
@pytest.mark.parametrize("part", [1, 250, 10**6])
def test_large_examples_give_the_same_batches(monkeypatch, kind, part):
    monkeypatch.setattr(large_arrays, "PART_BYTES", part)
    all_at_once = feeding.create_feeder(found := examples(kind), 3)
    monkeypatch.setattr(large_arrays, "RESIDENT_BYTES", found.nbytes - 1)
    in_parts = feeding.create_feeder(found, 3)
    assert all_at_once.steps == 128
    assert in_parts.steps == max(1, min(128, part // (3 * found.nbytes // 13)))
    shapes = set()
    for rows in (np.array([[3, 1, 12], [0, 3, 3]], np.int32), np.array([[7, 2]], np.int32)):
        arrays, order = in_parts.place(rows)
        assert order.shape == rows.shape
        assert order.dtype == np.int32
        for ours, theirs in zip(batch(arrays, order), batch(*all_at_once.place(rows)), strict=True):
            np.testing.assert_array_equal(ours, theirs, strict=True)
        shapes.add(tuple(tuple(array.shape) for array in arrays))
    assert len(shapes) == (1 if in_parts.steps > 1 else 2)


def test_a_training_on_large_examples_gives_the_same_weights(
    monkeypatch, stateful_model, training, noise, image_experiment, train
):
    whole, in_parts = stateful_model(), stateful_model()
    train(image_experiment(training(epochs=2), noise(26)), whole)
    monkeypatch.setattr(large_arrays, "RESIDENT_BYTES", 0)
    monkeypatch.setattr(large_arrays, "PART_BYTES", 2_000)
    train(image_experiment(training(epochs=2), noise(26)), in_parts)
    for ours, theirs in zip(whole.get_weights(), in_parts.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
