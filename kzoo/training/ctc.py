"""The loss of connectionist temporal classification (CTC), alone and beside that of a decoder."""

from __future__ import annotations

from keras import ops

from kzoo.symbols import BLANK, IMPOSSIBLE
from kzoo.training.objective import token_losses
from kzoo.types import Tensor

Outputs = Tensor | tuple[Tensor, Tensor]


def ctc_losses(texts: Tensor, log_probabilities: Tensor) -> Tensor:
    """Compute -log p(y | x) of each text, `(B,)`.

        p(y | x) = sum of prod_t p_t[path_t] over the paths that become y without repetitions and blanks

    Args:
        texts: the symbols of each text, `(B, L)`, padded with 0.
        log_probabilities: of each symbol in each state, `(B, T, symbols)`, from `CtcLogProbabilities`.

    A text that needs more states than there are, one for each symbol and one between equal neighbours, has
    no path. Its loss is 0, so that it changes no weights.

    Reference: Graves et al. 2006, "Connectionist temporal classification", 3 and 4.
    """
    real = ops.not_equal(texts, BLANK)
    lengths = _count(real)
    repeats = _count(ops.logical_and(ops.equal(texts[:, 1:], texts[:, :-1]), real[:, 1:]))
    states = _count(log_probabilities[..., -1] > IMPOSSIBLE / 2)
    has_path = ops.cast(lengths + repeats <= states, "int32")
    losses = ops.ctc_loss(texts, log_probabilities, lengths * has_path, states, mask_index=BLANK)
    return losses * ops.cast(has_path, losses.dtype)


def _count(true: Tensor) -> Tensor:
    return ops.sum(ops.cast(true, "int32"), axis=-1)


def hybrid_losses(
    targets: Tensor, outputs: Outputs, share: float, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Compute s L_ctc + (1 - s) L_attention of each target, and its padding mask; see `token_losses`.

    L_attention are the label-smoothed losses of the tokens, the end token included. L_ctc is -log p(y | x) of
    the text, which CTC does not end by a token, spread evenly over the same tokens.

    Args:
        targets: the tokens after each position, `(B, T)`, with the end token, padded with 0.
        outputs: the log-probabilities of CTC and those of the decoder, or only the former if the share is 1.
        share: s, the share of the CTC loss, in (0, 1].
        smoothing: the label smoothing of the decoder's losses.

    Reference: Watanabe et al. 2017, "Hybrid CTC/attention architecture for end-to-end speech recognition".
    """
    real = ops.cast(ops.not_equal(targets, 0), "float32")
    count = ops.sum(real, axis=-1, keepdims=True)
    is_text = ops.cast(ops.arange(ops.shape(targets)[1]), "float32") < count - 1
    log_q, log_p = outputs if share < 1 else (outputs, None)
    losses = real * ops.expand_dims(ctc_losses(ops.where(is_text, targets, 0), log_q), -1) / count
    if log_p is None:
        return losses, real
    of_tokens, _ = token_losses(targets, log_p, smoothing)
    return share * losses + (1 - share) * of_tokens, real
