"""The log-mel spectrogram of sound."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kzoo.types import Shape, Tensor

SMALLEST_POWER = 1e-10
RANGE = 8.0
"""Decades below the loudest value of a clip that are kept: 80 dB."""


@keras.saving.register_keras_serializable("kzoo")
class LogMelSpectrogram(keras.layers.Layer):
    """The spectrogram of R004 and of Whisper, with weights of none.

        S_tk = |sum_n w_n x_(hop t + n - n_fft / 2) exp(-2 pi i k n / n_fft)|^2
        M_tm = log10 max(sum_k S_tk F_km, 1e-10)
        Y_tm = (max(M_tm, max M - 8) + 4) / 4

    w is the periodic Hann window and F the filters of `mel_filters`. Before its start and after its end a
    clip goes on as its reflection, and max M is taken over the clip alone: what else is in the batch changes
    nothing. As in Whisper, the frame centred on the end of a clip is dropped: a clip of n samples has
    n // hop frames. One that is shorter than `hop` has one frame.

    Args:
        rate: samples a second.
        mel_rate: the rate that the filters are made for, `rate` by default. R004 makes them for 16,000 and
            applies them to clips of 22,050 samples a second.
        n_fft: samples of a frame, even.
        hop: samples from one frame to the next.
        mels: how many filters.

    Call arguments:
        samples: `(batch, time)` in [-1, 1].
        lengths: `(batch,)`, how many samples of each clip are real, at least 1; all of them by default. The
            frames of the others are zero.

    Shape: `(batch, frames, mels)` out. All is computed in float32.

    Reference: Radford et al. 2022, arXiv 2212.04356, section 2.2; R004 3.
    """

    def __init__(
        self,
        rate: int = 16_000,
        mel_rate: int | None = None,
        n_fft: int = 400,
        hop: int = 160,
        mels: int = 80,
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        if n_fft % 2:
            raise ValueError(f"a frame of {n_fft} samples has no centre; expected an even number")
        self.rate, self.mel_rate, self.n_fft, self.hop, self.mels = rate, mel_rate, n_fft, hop, mels
        self._filters = mel_filters(mel_rate or rate, n_fft, mels)

    def call(self, samples: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Y"""
        samples = ops.cast(samples, "float32")
        batch, time = ops.shape(samples)
        lengths = ops.full((batch,), time, "int32") if lengths is None else lengths
        lengths = ops.cast(lengths, "int32")[:, None]

        frames = self.frames(time)
        positions = ops.arange(frames * self.hop + self.n_fft - self.hop, dtype="int32") - self.n_fft // 2
        reflected = ops.take_along_axis(samples, _reflect(positions[None], lengths), axis=1)
        real, imaginary = ops.stft(reflected, self.n_fft, self.hop, self.n_fft, "hann", center=False)
        power = ops.square(real) + ops.square(imaginary)
        decades = ops.log10(ops.maximum(ops.matmul(power, self._filters), SMALLEST_POWER))

        is_real = (ops.arange(frames, dtype="int32") < self.frames(lengths))[..., None]
        decades = ops.where(is_real, decades, np.log10(SMALLEST_POWER))
        loudest = ops.max(decades, axis=(1, 2), keepdims=True)
        scaled = (ops.maximum(decades, loudest - RANGE) + 4.0) / 4.0
        return ops.cast(ops.where(is_real, scaled, 0.0), self.compute_dtype)

    def frames(self, samples: Any) -> Any:
        """How many frames a clip of so many samples has: max(1, samples // hop), of a number or a tensor."""
        if isinstance(samples, int):
            return max(1, samples // self.hop)
        return ops.maximum(samples // self.hop, 1)

    @property
    def frequencies(self) -> np.ndarray:
        """The centres of the filters, Hz, `(mels,)`: those for `mel_rate`, moved to the rate of the clip."""
        mel_rate = self.mel_rate or self.rate
        return mel_corners(mel_rate, self.mels)[1:-1] * self.rate / mel_rate

    @property
    def seconds_per_frame(self) -> float:
        """The hop from one frame to the next."""
        return self.hop / self.rate

    def compute_output_shape(self, samples_shape: Shape, lengths_shape: Shape | None = None) -> Shape:
        """`(batch, frames, mels)`"""
        batch, time = samples_shape
        return batch, None if time is None else self.frames(time), self.mels

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return super().get_config() | {
            "rate": self.rate,
            "mel_rate": self.mel_rate,
            "n_fft": self.n_fft,
            "hop": self.hop,
            "mels": self.mels,
        }


def mel_filters(rate: int, n_fft: int, mels: int) -> np.ndarray:
    """Triangles over the frequencies of a spectrum, float32 `(n_fft / 2 + 1, mels)`.

    The corners a < b < c of a triangle are three that follow each other of `mel_corners`. Each has the
    area 1:

        F_k = 2 / (c - a) max(0, min((f_k - a) / (b - a), (c - f_k) / (c - b)))

    Reference: Slaney 1998, Auditory Toolbox; the default of librosa's `filters.mel`.
    """
    frequencies = np.linspace(0, rate / 2, n_fft // 2 + 1)[:, None]
    corners = mel_corners(rate, mels)
    lower, centre, upper = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (frequencies - lower) / (centre - lower), (upper - frequencies) / (upper - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (upper - lower)).astype(np.float32)


def mel_corners(rate: int, mels: int) -> np.ndarray:
    """`(mels + 2,)` frequencies, Hz, at equal distances from 0 to rate / 2 on Slaney's mel scale.

    It is 3 f / 200 below 1,000 Hz and 15 + 27 log_6.4(f / 1000) above.
    """
    return _from_mel(np.linspace(0, _to_mel(rate / 2), mels + 2))


def _to_mel(frequency: float) -> float:
    return 15 + 27 * np.log(frequency / 1000) / np.log(6.4) if frequency >= 1000 else frequency * 3 / 200


def _from_mel(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def _reflect(positions: Tensor, lengths: Tensor) -> Tensor:
    """The positions in a clip that continue it as its reflection: 2 1 | 0 1 2 | 1 0 1 for three samples."""
    period = ops.maximum(2 * lengths - 2, 1)
    positions = ops.mod(positions, period)
    return ops.minimum(positions, period - positions)
