from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.errors import DataError
from kzoo.features import speech as module
from kzoo.features.speech import cut_clips, spectrograms
from kzoo.layers import LogMelSpectrogram


@pytest.fixture
def transform() -> LogMelSpectrogram:
    return LogMelSpectrogram(rate=8_000, n_fft=80, hop=40, mels=11)


def clips(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.uniform(-0.5, 0.5, length).astype(np.float32) for length in lengths]


def test_each_spectrogram_is_its_clip_s_own(transform, monkeypatch):
    """`tests/layers/test_log_mel.py` shows that the transform hears nothing beyond a clip's length."""
    monkeypatch.setattr(module, "BATCH_SAMPLES", 2_048)  # clips of a length take several batches
    monkeypatch.setattr(module, "SHORTEST", 1)
    made = clips(700, 257, 1_024, 513, 300, 2_047, 640, 600, 1_000, 512)
    together = np.zeros((10, 2_047), np.float32)
    for row, clip in zip(together, made, strict=True):
        row[: len(clip)] = clip
    expected = keras.ops.convert_to_numpy(transform(together, np.array(list(map(len, made)))))
    for order in (range(10), range(9, -1, -1)):
        frames, lengths = spectrograms([made[row] for row in order], transform)
        assert (frames.dtype, lengths.dtype) == (np.float32, np.int32)
        assert lengths.tolist() == [len(made[row]) // 40 for row in order]
        np.testing.assert_allclose(frames, expected[list(order)], atol=1e-5)


def test_a_long_spectrogram_is_cut_and_keeps_its_values(transform):
    made = clips(700, 90)
    whole, _ = spectrograms(made, transform)
    frames, lengths = spectrograms(made, transform, max_frames=5)
    assert lengths.tolist() == [5, 2]
    np.testing.assert_array_equal(frames, whole[:, :5])
    assert cut_clips(made, transform, 5) == [0]
    assert cut_clips(made, transform, transform.frames(700)) == []


def test_clips_of_a_few_samples_are_no_batch_of_a_million(transform, monkeypatch):
    shapes = []

    def record(samples, lengths):
        shapes.append(samples.shape)
        return transform(samples, lengths)

    monkeypatch.setattr(module, "_compile", lambda transform: record)
    _, lengths = spectrograms(clips(1, 90, 2_000), transform)
    assert lengths.tolist() == [transform.frames(1), 2, 50]
    assert shapes == [(module.BATCH_SAMPLES // module.SHORTEST, module.SHORTEST)]


def test_no_clips_have_no_frames(transform):
    frames, lengths = spectrograms([], transform)
    assert frames.shape == (0, 0, 11)
    assert lengths.shape == (0,)


def test_files_are_read_at_the_rate_of_the_transform(transform, tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    pytest.importorskip("soxr", reason="soxr is not installed")
    time = np.arange(16_000) / 16_000
    tone = (0.5 * np.sin(2 * np.pi * 700 * time)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", tone, 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "b.flac", tone[::2], 8_000)
    paths = [tmp_path / "a.wav", tmp_path / "b.flac"]
    frames, lengths = spectrograms([*paths, tone[::2]], transform)
    assert lengths.tolist() == [200, 200, 200]
    loudest = frames.max(axis=(1, 2), keepdims=True)
    audible = np.maximum(frames, loudest - 0.75)[:, 10:-10]  # 30 dB: what the sixteen bits do not touch
    np.testing.assert_allclose(audible[0], audible[2], atol=0.01)
    np.testing.assert_allclose(audible[1], audible[2], atol=0.01)
    (tmp_path / "b.flac").write_bytes(b"")
    with pytest.raises(DataError, match=r"b\.flac cannot be read"):
        spectrograms(paths, transform)
