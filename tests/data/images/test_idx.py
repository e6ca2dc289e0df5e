from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kzoo.data.images.idx import read_idx
from kzoo.errors import DataError


@pytest.mark.parametrize("name", ["images.gz", "images"])
@pytest.mark.parametrize("shape", [(7,), (3, 5, 2), (0, 4)])
def test_reads_what_was_written(tmp_path, write_idx, noise, name, shape):
    array = noise(*shape)
    assert np.array_equal(read_idx(write_idx(tmp_path / name, array)), array)


def test_the_suffix_does_not_decide_what_is_compressed(tmp_path, write_idx, noise):
    array = noise(2, 3)
    path = write_idx(tmp_path / "images.gz", array).rename(tmp_path / "images")
    assert np.array_equal(read_idx(path), array)


def test_array_can_be_written_to(tmp_path, write_idx, noise):
    assert read_idx(write_idx(tmp_path / "x.gz", noise(4))).flags.writeable


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "begins with nothing"),
        (b"\x00\x00\x0d\x01" + struct.pack(">I", 1) + b"\0" * 4, "not an IDX file of unsigned bytes"),
        (b"<html>not found</html>", "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08\x00", "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08\x03" + struct.pack(">I", 1), "declares 3 axes"),
        (b"\x00\x00\x08\x01" + struct.pack(">I", 5) + b"1234", "fewer bytes than the 5"),
        (b"\x00\x00\x08\x01" + struct.pack(">I", 3) + b"1234", "more bytes than the 3"),
        (b"\x00\x00\x08\x03" + struct.pack(">III", *[2**32 - 1] * 3), "fewer bytes than"),
        (b"\x00\x00\x08\xff" + struct.pack(">I", 0) * 255, "cannot be read"),
    ],
)
@pytest.mark.parametrize("compress", [gzip.compress, bytes])
def test_faults_are_named(tmp_path, content, fault, compress):
    path = tmp_path / "images"
    path.write_bytes(compress(content))
    with pytest.raises(DataError, match=fault) as error:
        read_idx(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.gz does not exist"):
        read_idx(tmp_path / "nothing.gz")
    with pytest.raises(DataError, match="is a folder; expected a file"):
        read_idx(tmp_path)


def test_gzip_verifies_the_content(tmp_path, write_idx, noise):
    path = write_idx(tmp_path / "images.gz", noise(50, 7))
    content = bytearray(path.read_bytes())
    content[-8] ^= 1  # the first byte of gzip's CRC
    path.write_bytes(content)
    with pytest.raises(DataError, match="CRC"):
        read_idx(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_cut_off_anywhere_is_a_data_error(tmp_path, write_idx, noise, share):
    path = write_idx(tmp_path / "images.gz", noise(11, 5, 3))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError):
        read_idx(path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), value=st.integers(1, 255))
def test_a_damaged_byte_is_a_data_error_or_harmless(tmp_path, write_idx, noise, place, value):
    array = noise(11, 5, 3)
    path = write_idx(tmp_path / "images.gz", array)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= value
    path.write_bytes(content)
    try:
        found = read_idx(path)
    except DataError:
        return
    assert np.array_equal(found, array)  # the byte was one of gzip's header that nothing depends on
