"""The log-mel spectrogram of audio samples."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kzoo.types import Shape, Tensor

SMALLEST_POWER = 1e-10
RANGE = 8.0
"""The dynamic range kept below the loudest value of a clip, in decades: 80 dB."""


@keras.saving.register_keras_serializable("kzoo")
class LogMelSpectrogram(keras.layers.Layer):
    """The log-mel spectrogram of R004 and of Whisper, a layer without weights.

        S_tk = |sum_n w_n x_(hop t + n - n_fft / 2) exp(-2 pi i k n / n_fft)|^2
        M_tm = log10 max(sum_k S_tk F_km, 1e-10)
        Y_tm = (max(M_tm, max M - 8) + 4) / 4

    w is the periodic Hann window and F the filters of `mel_filters`. A clip is padded at both ends with its
    reflection, and max M is taken over the clip alone, so the other clips of a batch have no effect. As in
    Whisper, the frame centred on the end of a clip is dropped: a clip of n samples has n // hop frames. A
    clip shorter than `hop` has one frame.

    Args:
        rate: the sampling rate, Hz.
        mel_rate: the sampling rate that the filters are made for, `rate` by default. R004 makes them for
            16,000 Hz and applies them to clips of 22,050 Hz.
        n_fft: the number of samples in a frame, even.
        hop: the number of samples from one frame to the next.
        mels: the number of filters.

    Call arguments:
        samples: `(batch, time)` in [-1, 1].
        lengths: `(batch,)`, the number of real samples in each clip, at least 1; all of them by default. The
            frames of padding are zero.

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
        """Return the spectrogram Y."""
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
        """Return the number of frames of a clip, max(1, samples // hop); `samples` is an int or a tensor."""
        if isinstance(samples, int):
            return max(1, samples // self.hop)
        return ops.maximum(samples // self.hop, 1)

    @property
    def frequencies(self) -> np.ndarray:
        """The centre frequencies of the filters, Hz, `(mels,)`, scaled from `mel_rate` to `rate`."""
        mel_rate = self.mel_rate or self.rate
        return mel_corners(mel_rate, self.mels)[1:-1] * self.rate / mel_rate

    @property
    def seconds_per_frame(self) -> float:
        """The time from one frame to the next, in seconds."""
        return self.hop / self.rate

    def compute_output_shape(self, samples_shape: Shape, lengths_shape: Shape | None = None) -> Shape:
        """Return `(batch, frames, mels)`."""
        batch, time = samples_shape
        return batch, None if time is None else self.frames(time), self.mels

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "rate": self.rate,
            "mel_rate": self.mel_rate,
            "n_fft": self.n_fft,
            "hop": self.hop,
            "mels": self.mels,
        }


def mel_filters(rate: int, n_fft: int, mels: int) -> np.ndarray:
    """Return triangular filters over the frequencies of a spectrum, float32 `(n_fft / 2 + 1, mels)`.

    The corners a < b < c of a triangle are three consecutive frequencies of `mel_corners`. Each triangle has
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
    """Return `(mels + 2,)` frequencies, Hz, evenly spaced from 0 to rate / 2 on Slaney's mel scale.

    The scale is 3 f / 200 below 1,000 Hz and 15 + 27 log_6.4(f / 1000) above.
    """
    return _from_mel(np.linspace(0, _to_mel(rate / 2), mels + 2))


def _to_mel(frequency: float) -> float:
    return 15 + 27 * np.log(frequency / 1000) / np.log(6.4) if frequency >= 1000 else frequency * 3 / 200


def _from_mel(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def _reflect(positions: Tensor, lengths: Tensor) -> Tensor:
    """Map positions outside a clip to those of its reflection: 2 1 | 0 1 2 | 1 0 1 for three samples."""
    period = ops.maximum(2 * lengths - 2, 1)
    positions = ops.mod(positions, period)
    return ops.minimum(positions, period - positions)
