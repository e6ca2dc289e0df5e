from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from kzoo.layers import LogMelSpectrogram
from kzoo.layers.log_mel import mel_filters

PUBLISHED = [
    *((1, 0, 0.02486259490251541), (2, 1, 0.022871771827340126), (10, 9, 0.006945197004824877)),
    *((41, 39, 0.011486922390758991), (131, 69, 0.00487553421407938), (192, 79, 0.0031647116411477327)),
]
"""Entries of Whisper's filters for 80 mels: frequency, mel, value (transformers, WhisperFeatureExtractor)."""


def noise(*shape: int) -> np.ndarray:
    return 0.1 * np.random.default_rng(shape).standard_normal(shape).astype(np.float32)


def sound(length: int) -> np.ndarray:
    """Two tones that come and go under noise."""
    time = np.arange(length) / 16_000
    tones = np.sin(2 * np.pi * 440 * time) * np.sin(9 * time) ** 2 + 0.1 * np.sin(2 * np.pi * 3_100 * time)
    return (0.5 * tones + 0.2 * noise(length)).astype(np.float32)


def run(layer: LogMelSpectrogram, *inputs: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(layer(*inputs))


def filters_by_loops(rate: int, n_fft: int, mels: int) -> np.ndarray:
    def to_mel(f: float) -> float:
        return 3 * f / 200 if f < 1000 else 15 + 27 * np.log(f / 1000) / np.log(6.4)

    def from_mel(m: float) -> float:
        return 200 * m / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27)

    corners = [from_mel(to_mel(rate / 2) * index / (mels + 1)) for index in range(mels + 2)]
    filters = np.zeros((n_fft // 2 + 1, mels))
    for k in range(n_fft // 2 + 1):
        f = k * rate / n_fft
        for m in range(mels):
            a, b, c = corners[m : m + 3]
            if a < f <= b:
                filters[k, m] = (f - a) / (b - a) * 2 / (c - a)
            elif b < f < c:
                filters[k, m] = (c - f) / (c - b) * 2 / (c - a)
    return filters


def by_equation(x: np.ndarray, rate: int, n_fft: int, hop: int, mels: int) -> np.ndarray:
    def reflected(position: int) -> float:
        while not 0 <= position < len(x):
            position = 0 if len(x) == 1 else -position if position < 0 else 2 * (len(x) - 1) - position
        return float(x[position])

    n, k = np.arange(n_fft), np.arange(n_fft // 2 + 1)[:, None]
    window, waves = 0.5 - 0.5 * np.cos(2 * np.pi * n / n_fft), np.exp(-2j * np.pi * k * n / n_fft)
    filters = filters_by_loops(rate, n_fft, mels)
    decades = np.zeros((max(1, len(x) // hop), mels))
    for t in range(len(decades)):
        frame = [reflected(hop * t + offset - n_fft // 2) for offset in range(n_fft)]
        power = np.abs(waves @ (window * frame)) ** 2
        decades[t] = np.log10(np.maximum(power @ filters, 1e-10))
    return (np.maximum(decades, decades.max() - 8) + 4) / 4


@pytest.mark.parametrize("length", [5, 61])
def test_it_is_its_equation(length):
    """Also where the frame is longer than the clip, and where the clip is shorter than the hop."""
    x = noise(length)
    layer = LogMelSpectrogram(rate=8_000, n_fft=26, hop=7, mels=5)
    np.testing.assert_allclose(run(layer, x[None])[0], by_equation(x, 8_000, 26, 7, 5), atol=1e-5)


def test_a_clip_in_a_batch_is_as_it_is_alone():
    """Whatever it is padded with and to, and whatever else is there."""
    layer, lengths = LogMelSpectrogram(8_000, n_fft=26, hop=7, mels=5), np.array([1, 2, 6, 7, 13, 14, 29, 61])
    batch = 100 * noise(8, 97)
    for row, length in zip(batch, lengths, strict=True):
        row[:length] = noise(length)
    frames = run(layer, batch, lengths)
    assert frames.shape == (8, 13, 5)
    for row, x, length in zip(frames, batch, lengths, strict=True):
        alone = by_equation(x[:length], 8_000, 26, 7, 5)
        assert len(alone) == layer.frames(int(length))
        np.testing.assert_allclose(row[: len(alone)], alone, atol=1e-5)
        assert not row[len(alone) :].any()


@pytest.mark.parametrize(("rate", "mel_rate"), [(16_000, None), (22_050, 16_000)])
def test_it_is_whisper_s(rate, mel_rate):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = sound(6_400)
    window = torch.hann_window(400, dtype=torch.float64)
    stft = torch.stft(torch.from_numpy(x).double(), 400, 160, window=window, return_complex=True)
    power = (stft[..., :-1].abs() ** 2).numpy()
    decades = np.log10(np.maximum(mel_filters(mel_rate or rate, 400, 80).T @ power, 1e-10))
    expected = (np.maximum(decades, decades.max() - 8.0) + 4.0) / 4.0
    frames = run(LogMelSpectrogram(rate, mel_rate), x[None])[0]
    np.testing.assert_allclose(frames, expected.T, atol=1e-5)


@pytest.mark.parametrize(("rate", "n_fft", "mels"), [(16_000, 400, 80), (22_050, 512, 40), (8_000, 26, 5)])
def test_the_filters_are_their_equation(rate, n_fft, mels):
    filters = mel_filters(rate, n_fft, mels)
    np.testing.assert_allclose(filters, filters_by_loops(rate, n_fft, mels), atol=1e-7)


def test_the_filters_are_the_published_ones():
    filters = mel_filters(16_000, 400, 80)
    for frequency, mel, value in PUBLISHED:
        assert filters[frequency, mel] == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(filters.sum(axis=0) * 16_000 / 400, 1, atol=0.2)


def test_silence_is_at_the_least_power():
    frames = run(LogMelSpectrogram(), np.zeros((1, 1_000), np.float32))
    np.testing.assert_allclose(frames, np.full((1, 6, 80), (-10 + 4) / 4), atol=1e-6)


def test_what_is_quieter_than_eighty_decibels_is_cut():
    x = sound(6_400)
    x[3_200:] *= 1e-6
    frames = run(LogMelSpectrogram(), x[None])
    assert frames.max() - frames.min() == pytest.approx(8 / 4, abs=1e-5)
    np.testing.assert_allclose(frames[0, 25:], frames.min(), atol=1e-6)


def test_it_has_no_weights_and_computes_in_float32(precision):
    x = sound(3_200)[None]
    expected = run(LogMelSpectrogram(), x)
    precision("mixed_bfloat16")
    layer = LogMelSpectrogram()
    frames = layer(x)
    assert keras.backend.standardize_dtype(frames.dtype) == "bfloat16"
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(frames, "float32")), expected, atol=2**-7)
    assert layer.weights == []


def test_it_is_saved_in_a_model_of_clips_of_any_length(tmp_path):
    samples, lengths = keras.Input((None,)), keras.Input((), dtype="int32")
    frames = LogMelSpectrogram(mel_rate=8_000, mels=7)(samples, lengths)
    assert frames.shape == (None, None, 7)
    assert LogMelSpectrogram(mels=7).compute_output_shape((3, 3_333)) == (3, 20, 7)
    model = keras.Model([samples, lengths], frames)
    model.save(tmp_path / "a.keras")
    again = keras.saving.load_model(tmp_path / "a.keras")
    inputs = [noise(2, 1_000), np.array([1_000, 500], np.int32)]
    np.testing.assert_array_equal(ops.convert_to_numpy(again(inputs)), ops.convert_to_numpy(model(inputs)))
    assert model.predict(inputs, verbose=0).shape == (2, 6, 7)


def test_a_frame_without_a_centre_is_refused():
    with pytest.raises(ValueError, match="a frame of 401 samples has no centre"):
        LogMelSpectrogram(n_fft=401)


@pytest.mark.parametrize(("rate", "mel_rate"), [(16_000, None), (22_050, 16_000)])
def test_the_frequencies_are_the_centres_of_the_filters(rate, mel_rate):
    """Filters for another rate are applied to the same frames, whose frequencies are those of the clip."""
    layer, n_fft = LogMelSpectrogram(rate, mel_rate=mel_rate, n_fft=4_096, mels=20), 4_096
    peaks = mel_filters(mel_rate or rate, n_fft, 20).argmax(axis=0) * rate / n_fft
    np.testing.assert_allclose(layer.frequencies, peaks, atol=0.51 * rate / n_fft)
    assert layer.seconds_per_frame == 160 / rate
