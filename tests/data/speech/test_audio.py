from __future__ import annotations

import sys

import numpy as np
import pytest

from kzoo.data.speech.audio import decode_audio, read_audio, resample, sample_count, sample_rate
from kzoo.errors import DataError, MissingExtraError

soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
pytest.importorskip("soxr", reason="soxr is not installed")


def tone(rate: int, seconds: float = 0.25, pitch: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_samples_come_back_to_within_their_sixteen_bits(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tone(16_000), 16_000)
    samples = read_audio(path, 16_000)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, tone(16_000), atol=2**-15)
    assert sample_rate(path) == 16_000
    np.testing.assert_array_equal(decode_audio(path)[0], samples)


def test_channels_are_averaged(tmp_path):
    left, right = tone(8_000), tone(8_000, pitch=300)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 8_000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav", 8_000), (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize(("rate", "wanted"), [(8_000, 16_000), (22_050, 16_000), (16_000, 22_050)])
def test_a_tone_of_another_rate_is_the_same_tone(tmp_path, rate, wanted):
    soundfile.write(tmp_path / "a.wav", tone(rate), rate, subtype="FLOAT")
    samples, expected = read_audio(tmp_path / "a.wav", wanted), tone(wanted)
    assert abs(len(samples) - len(expected)) <= 1
    middle = slice(len(expected) // 5, len(expected) * 4 // 5)  # a resampler swings in and out
    np.testing.assert_allclose(samples[middle], expected[middle], atol=1e-3)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_shortest_clips_have_samples_at_any_rate(length):
    samples = np.full(length, 0.5, np.float32)
    for wanted in (8_000, 44_100):
        assert len(resample(samples, 44_100, wanted)) >= 1
    assert resample(samples, 8_000, 8_000) is samples


def test_what_is_louder_than_can_be_is_clipped(tmp_path):
    soundfile.write(tmp_path / "a.wav", 4 * tone(8_000), 8_000, subtype="FLOAT")
    for rate in (8_000, 11_025):
        samples = read_audio(tmp_path / "a.wav", rate)
        assert samples.max() == 1
        assert samples.min() == -1


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("a.wav", lambda content: content[:-1_000], r"a\.wav is cut off: it has 3,044 of 4,044 bytes"),
        ("a.wav", lambda content: content[:10], r"a\.wav is cut off"),
        ("a.wav", lambda content: b"", r"a\.wav cannot be read"),
        ("a.flac", lambda content: content[:-100], r"a\.flac cannot be read"),
        (
            "a.flac",
            lambda content: b"no sound at all",
            r"a\.flac cannot be read, it may be damaged or cut off: Format not recognised\.$",
        ),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, damage, message):
    path = tmp_path / name
    soundfile.write(path, tone(8_000), 8_000)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=message) as error:
        read_audio(path, 8_000)
    assert "\n" not in str(error.value)


def test_a_file_without_samples_or_with_none_that_are_numbers_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 8_000)
    with pytest.raises(DataError, match=r"a\.wav holds no sound"):
        read_audio(tmp_path / "a.wav", 8_000)
    soundfile.write(tmp_path / "a.wav", np.array([0, np.nan]), 8_000, subtype="FLOAT")
    with pytest.raises(DataError, match="samples that are not finite numbers"):
        read_audio(tmp_path / "a.wav", 8_000)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF024, 0x80000024])
def test_a_wav_that_came_through_a_pipe_is_read(tmp_path, size):
    soundfile.write(tmp_path / "a.wav", tone(8_000), 8_000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = size.to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(content)
    assert len(read_audio(tmp_path / "a.wav", 8_000)) == 2_000


def test_the_samples_of_a_clip_are_counted_without_reading_it(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(8_000), 8_000)
    for rate in (8_000, 11_025, 16_000):
        assert sample_count(tmp_path / "a.wav", rate) == len(read_audio(tmp_path / "a.wav", rate))
    assert sample_count(tone(8_000), 8_000) == len(tone(8_000))


def test_what_is_no_file_is_named(tmp_path):
    for read in (lambda path: read_audio(path, 8_000), sample_rate):
        with pytest.raises(DataError, match=r"none\.wav does not exist"):
            read(tmp_path / "none.wav")
        with pytest.raises(DataError, match="is a folder; expected a file"):
            read(tmp_path)


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", tone(8_000), 8_000)
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(MissingExtraError, match=r"needs soxr: pip install 'kzoo\[speech\]'"):
        read_audio(tmp_path / "a.wav", 16_000)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"reading sound files needs soundfile"):
        read_audio(tmp_path / "a.wav", 8_000)
