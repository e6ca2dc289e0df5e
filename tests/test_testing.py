"""`kzoo.testing` accepts sound layers and models, and detects a planted fault of each kind."""

from __future__ import annotations

import numpy as np
import pytest

from kzoo.testing import check_batch, check_no_leak, check_padding

BATCH, LENGTH, DIM = 3, 7, 5
X = np.random.default_rng(67).normal(size=(BATCH, LENGTH, DIM)).astype("float32")
MASK = np.arange(LENGTH) < np.array([[4], [7], [2]])
IDS = np.where(MASK, np.random.default_rng(71).integers(1, 11, MASK.shape), 0)


def running_mean(x, axis=1):
    """Return the mean of each position and those before it, a causal function without a fault."""
    count = np.arange(1, x.shape[axis] + 1)
    return np.cumsum(x, axis=axis) / np.moveaxis(count.reshape(-1, *[1] * (x.ndim - 1)), 0, axis)


def masked_mean(x, mask):
    return (x * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)


def test_a_causal_function_passes():
    check_no_leak(running_mean, [X])
    check_no_leak(lambda x, y: running_mean(x) + running_mean(y), [X, X[..., :1]], positions=[0, LENGTH - 2])
    check_no_leak(lambda x: running_mean(x, axis=-1), [X], axis=-1)
    check_no_leak(lambda ids: np.cumsum(ids, axis=1), [IDS])


@pytest.mark.parametrize("share", [1.0, 1e-4])
def test_a_layer_that_peeks_is_caught(share):
    def peeks(x):
        return running_mean(x) + share * np.roll(x, -1, axis=1)

    with pytest.raises(
        AssertionError, match=r"^output\[\d, 0, \d\] moved by .* after position 0 of axis 1 changed"
    ):
        check_no_leak(peeks, [X])
    with pytest.raises(AssertionError, match=r"^output\[\d, 3, \d\] moved by"):
        check_no_leak(peeks, [X], positions=[3])


def test_a_peek_at_tokens_is_caught():
    with pytest.raises(AssertionError, match=r"^output\[\d, 0\] moved by .* \(tolerance 1e-05\)$"):
        check_no_leak(lambda ids: ids + ids.sum(axis=1, keepdims=True), [IDS])


def test_a_peek_that_gives_nan_is_caught():
    def fragile(x):
        with np.errstate(invalid="ignore"):
            return running_mean(x) + np.log(10 - np.abs(x).max(axis=1, keepdims=True)) * 0

    with pytest.raises(AssertionError, match="moved by nan"):
        check_no_leak(fragile, [X])


def test_the_last_position_has_no_future():
    with pytest.raises(ValueError, match="position 6 of 7 has no future"):
        check_no_leak(running_mean, [X], positions=[LENGTH - 1])


def test_a_function_that_heeds_its_mask_passes():
    check_padding(masked_mean, [X], MASK, aligned=False)
    check_padding(lambda x, mask: 2 * x, [X], MASK)
    check_padding(lambda x, mask: np.cumsum(x * mask[..., None], axis=1), [X], MASK)
    check_padding(
        lambda ids, _: ids.sum(axis=1) / (ids > 0).sum(axis=1), [IDS], MASK, aligned=False, padding=0
    )


def test_a_layer_that_ignores_the_mask_is_caught():
    with pytest.raises(
        AssertionError, match=r"^output\[\d, \d\] moved by .* when the padded positions changed"
    ):
        check_padding(lambda x, _: x.mean(axis=1), [X], MASK, aligned=False)
    with pytest.raises(AssertionError, match=r"^output\[0, [0-3], \d\] moved by|^output\[2, [01], \d\]"):
        check_padding(lambda x, _: x - x[:, -1:], [X], MASK, extra=0)


def test_a_layer_that_counts_its_padding_is_caught():
    def diluted(x, mask):
        return (x * mask[..., None]).sum(axis=1) / x.shape[1]

    check_padding(diluted, [X], MASK, aligned=False, extra=0)
    with pytest.raises(
        AssertionError, match=r"^output\[\d, \d\] moved by .* when 3 padded positions were added"
    ):
        check_padding(diluted, [X], MASK, aligned=False)
    with pytest.raises(AssertionError, match="when 2 padded positions were added"):
        check_padding(lambda ids, _: ids.mean(axis=1), [IDS], MASK, aligned=False, padding=0, extra=2)


def test_an_output_that_grows_with_the_padding_is_caught():
    with pytest.raises(AssertionError, match=r"shape changed from \(3, 7, 5\) to \(3, 10, 5\)"):
        check_padding(lambda x, _: x, [X], np.ones_like(MASK), aligned=False)


def test_padding_that_cannot_be_changed_is_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 7, 5\) does not fit a mask \(3, 6\)"):
        check_padding(masked_mean, [X], MASK[:, :-1])
    with pytest.raises(ValueError, match="nothing to change"):
        check_padding(masked_mean, [X], np.ones_like(MASK), extra=0)


def test_a_function_of_each_element_passes():
    check_batch(running_mean, [X])
    check_batch(masked_mean, [X, MASK])


def test_a_layer_that_mixes_the_batch_is_caught():
    with pytest.raises(
        AssertionError, match=r"^output\[\d, \d, \d\] moved by .* one at a time and the batch"
    ):
        check_batch(lambda x: (x - x.mean(axis=0)) / (x.std(axis=0) + 1), [X])
    with pytest.raises(AssertionError, match="moved by"):
        check_batch(lambda x: x + np.roll(x, 1, axis=0), [X])


def test_a_batch_of_one_is_refused():
    with pytest.raises(ValueError, match="two elements"):
        check_batch(running_mean, [X[:1]])


def test_keras_layers():
    import keras

    attention = keras.layers.Attention()
    check_no_leak(lambda x: attention([x, x], use_causal_mask=True), [X])
    with pytest.raises(AssertionError, match="after position 0"):
        check_no_leak(lambda x: attention([x, x]), [X])
    normalise = keras.layers.BatchNormalization()
    check_batch(normalise, [X])
    with pytest.raises(AssertionError, match="and the batch"):
        check_batch(lambda x: normalise(x, training=True), [X])
    pool = keras.layers.GlobalAveragePooling1D()
    check_padding(lambda x, mask: pool(x, mask=mask), [X], MASK, aligned=False)
    with pytest.raises(AssertionError, match="padded positions changed"):
        check_padding(lambda x, mask: pool(x), [X], MASK, aligned=False)
