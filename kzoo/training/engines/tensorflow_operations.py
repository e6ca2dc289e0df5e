"""An LSTM, a CTC loss and loops that are faster on a CPU than those of Keras's TensorFlow backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import tensorflow as tf
from keras.src import backend
from keras.src.backend.tensorflow import core

from kzoo.training.engines.lstm import lstm_replaced

Function = Callable[..., Any]

Tensors = tuple[tf.Tensor, ...]


def fused_lstm(
    inputs: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    mask: tf.Tensor | None,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    go_backwards: bool,
) -> Tensors:
    """Compute an LSTM over `(batch, time, features)` with one product for the inputs of all steps.

    The gradient of the recurrent kernel is one product too, after the loop. A masked step keeps the state.
    See `kzoo.training.engines.lstm`.
    """
    kernel, recurrent_kernel, bias = map(_sigmoids_first, (kernel, recurrent_kernel, bias))
    steps = tf.transpose(inputs, (1, 0, 2))
    keep = None if mask is None else tf.cast(tf.transpose(mask)[..., None], inputs.dtype)
    if go_backwards:
        steps, keep = tf.reverse(steps, [0]), None if keep is None else tf.reverse(keep, [0])
    gates = tf.tensordot(steps, kernel, 1) + bias
    outputs, cells = _recurrence(gates, recurrent_kernel, h, c, keep)
    h, c = outputs[-1], cells[-1]
    if keep is not None:  # Keras's outputs are zeros before the first step that counts
        outputs = outputs * tf.cast(tf.cumsum(keep) > 0, outputs.dtype)
    return tf.transpose(outputs, (1, 0, 2)), h, c


def _sigmoids_first(weights: tf.Tensor) -> tf.Tensor:
    """Reorder the gates from Keras's input, forget, candidate, output to input, forget, output, candidate."""
    i, f, g, o = tf.split(weights, 4, -1)
    return tf.concat([i, f, o, g], -1)


def _recurrence(
    inputs: tf.Tensor, kernel: tf.Tensor, h: tf.Tensor, c: tf.Tensor, keep: tf.Tensor | None
) -> Tensors:
    """Return h_1..h_T and c_1..c_T, each `(time, batch, units)`, of

        (i, f, o), g = sigmoid(x_t + h_{t-1} U), tanh(x_t + h_{t-1} U)
        c_t = f c_{t-1} + i g,    h_t = o tanh(c_t)

    with x_t of `(time, batch, 4 units)`. Where `keep` `(time, batch, 1)` is 0, the state stays as it was.
    """

    @tf.custom_gradient
    def run(
        inputs: tf.Tensor, kernel: tf.Tensor, h: tf.Tensor, c: tf.Tensor
    ) -> tuple[Tensors, Callable[..., Tensors]]:
        outputs, cells, gates = _forward(inputs, kernel, h, c, keep)

        def gradient(of_outputs: tf.Tensor, of_cells: tf.Tensor) -> Tensors:
            before = tf.concat([h[None], outputs[:-1]], 0), tf.concat([c[None], cells[:-1]], 0)
            return _backward(gates, kernel, *before, of_outputs, of_cells, keep)

        return (outputs, cells), gradient

    return run(inputs, kernel, h, c)


def _forward(
    inputs: tf.Tensor, kernel: tf.Tensor, h: tf.Tensor, c: tf.Tensor, keep: tf.Tensor | None
) -> Tensors:
    """Return the outputs, the cells and the gates of all steps."""
    units = h.shape[-1]

    def step(read: Sequence[tf.Tensor], h: tf.Tensor, c: tf.Tensor) -> tuple[Tensors, Tensors]:
        x, *kept = read
        sums = x + tf.matmul(h, kernel)
        sigmoids, g = tf.sigmoid(sums[:, : 3 * units]), tf.tanh(sums[:, 3 * units :])
        i, f, o = tf.split(sigmoids, 3, -1)
        new_c = f * c + i * g
        new_h = o * tf.tanh(new_c)
        if kept:
            new_h, new_c = h + kept[0] * (new_h - h), c + kept[0] * (new_c - c)
        return (new_h, new_c), (new_h, new_c, tf.concat([sigmoids, g], -1))

    read = [inputs] if keep is None else [inputs, keep]
    return _loop(step, read, (h, c), backwards=False)[1]


def _backward(
    gates: tf.Tensor,
    kernel: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    of_outputs: tf.Tensor,
    of_cells: tf.Tensor,
    keep: tf.Tensor | None,
) -> Tensors:
    """Return the gradients of the inputs, the kernel, h_0 and c_0, from h_0..h_{T-1} and c_0..c_{T-1}."""
    i, f, o, g = tf.split(gates, 4, -1)
    squashed = tf.tanh(f * c + i * g)
    of_squashed = o * (1 - squashed**2)
    slopes = tf.concat(
        [g * i * (1 - i), c * f * (1 - f), squashed * o * (1 - o), i * (1 - g**2)], -1
    )  # of the sums in the gates, to c_t and, for the output gate, to h_t
    transposed = tf.transpose(kernel)

    def step(read: Sequence[tf.Tensor], dh: tf.Tensor, dc: tf.Tensor) -> tuple[Tensors, Tensors]:
        slope, to_cell, forget, of_output, of_cell, *kept = read
        dh, dc = dh + of_output, dc + of_cell
        passed = []
        if kept:
            passed = [dh - kept[0] * dh, dc - kept[0] * dc]
            dh, dc = dh - passed[0], dc - passed[1]
        dc = dc + dh * to_cell
        sums = tf.concat([dc, dc, dh, dc], -1) * slope
        dh, dc = tf.matmul(sums, transposed), dc * forget
        if kept:
            dh, dc = dh + passed[0], dc + passed[1]
        return (dh, dc), (sums,)

    read = [slopes, of_squashed, f, of_outputs, of_cells, *([] if keep is None else [keep])]
    zeros = (tf.zeros_like(h[0]), tf.zeros_like(c[0]))
    (dh, dc), (sums,) = _loop(step, read, zeros, backwards=True)
    flat_h, flat = (tf.reshape(each, (-1, each.shape[-1])) for each in (h, sums))
    return sums, tf.matmul(flat_h, flat, transpose_a=True), dh, dc


def _loop(
    step: Callable[..., tuple[Tensors, Tensors]],
    read: Sequence[tf.Tensor],
    state: Tensors,
    backwards: bool,
) -> tuple[Tensors, Tensors]:
    """Take a step for each time, and return the last state and what the steps wrote, each `(time, ...)`.

    A step gets the tensors of its time and the state, and returns the next state and what it writes.
    """
    count = tf.shape(read[0])[0]
    arrays = [tf.TensorArray(each.dtype, count).unstack(each) for each in read]
    _, example = step([each[0] for each in read], *state)
    written = [tf.TensorArray(each.dtype, count, element_shape=each.shape) for each in example]

    def more(index: tf.Tensor, *_: Any) -> tf.Tensor:
        return index >= 0 if backwards else index < count

    def one(index: tf.Tensor, state: Tensors, written: list[tf.TensorArray]) -> tuple[Any, ...]:
        state, results = step([array.read(index) for array in arrays], *state)
        kept = [array.write(index, result) for array, result in zip(written, results, strict=True)]
        return index + (-1 if backwards else 1), state, kept

    begun = count - 1 if backwards else tf.zeros((), tf.int32)
    _, state, written = tf.while_loop(more, one, (begun, state, written))
    return state, tuple(array.stack() for array in written)


def ctc_loss(
    target: tf.Tensor,
    output: tf.Tensor,
    target_length: tf.Tensor,
    output_length: tf.Tensor,
    mask_index: int = 0,
) -> tf.Tensor:
    """Compute `keras.ops.ctc_loss` in float32 by TensorFlow's kernel for a CPU.

    `tf.nn.ctc_loss`, which Keras calls, multiplies by a matrix of all pairs of labels in each state. The
    kernel takes labels that are not empty; the only path of an empty text is that of blanks.
    """
    is_label = tf.sequence_mask(target_length, tf.shape(target)[1])
    at_least_one = tf.concat([tf.ones_like(is_label[:, :1]), is_label[:, 1:]], 1)
    labels, places = tf.where(at_least_one, target, 0), tf.where(at_least_one)
    before, blank, after = tf.split(output, [mask_index, 1, output.shape[-1] - mask_index - 1], -1)
    losses, _ = tf.raw_ops.CTCLoss(  # its blank is the last symbol
        inputs=tf.transpose(tf.concat([before, after, blank], -1), (1, 0, 2)),
        labels_indices=places,
        labels_values=tf.gather_nd(labels - tf.cast(labels > mask_index, labels.dtype), places),
        sequence_length=output_length,
    )
    is_state = tf.sequence_mask(output_length, tf.shape(output)[1], output.dtype)
    of_blanks = -tf.reduce_sum(is_state * tf.nn.log_softmax(output)[..., mask_index], -1)
    return tf.where(target_length > 0, losses, of_blanks)


@contextmanager
def fast_operations() -> Iterator[None]:
    """Replace Keras's LSTM and CTC loss by this module's within the context, unless there is a GPU.

    A GPU has kernels of its own. Keras 3.15 has no public way to replace its loss, see `lstm_replaced`.
    """
    if _has_gpu():
        yield
        return
    with lstm_replaced(fused_lstm), patch.object(backend.nn, "ctc_loss", ctc_loss):
        yield


def compiled_loops() -> AbstractContextManager[Any]:
    """Return a context in which XLA compiles each `ops.while_loop`; a GPU runs them as they are.

    Keras 3.15 has no public way to replace its loop, so its module is patched for the time of a trace.
    """
    return nullcontext() if _has_gpu() else patch.object(core, "while_loop", _compiled_loop)


def _compiled_loop(proceed: Function, body: Function, begun: Any, maximum_iterations: None = None) -> Any:
    """Compute a loop by XLA; its own condition is its only limit."""

    @tf.function(jit_compile=True, autograph=False)
    def loop(*flat: tf.Tensor) -> list[tf.Tensor]:
        state = tf.nest.pack_sequence_as(begun, flat)
        return tf.nest.flatten(tf.while_loop(proceed, body, state))

    return tf.nest.pack_sequence_as(begun, loop(*tf.nest.flatten(begun)))


def _has_gpu() -> bool:
    return bool(tf.config.list_physical_devices("GPU"))
