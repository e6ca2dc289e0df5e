from __future__ import annotations

import pytest

from kzoo.data.checksums import checksum_like

# RFC 1321, appendix A.5, and FIPS 180-2, appendix B.1: the digests of "abc".
PUBLISHED = (
    "md5:900150983cd24fb0d6963f7d28e17f72",
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
)


@pytest.mark.parametrize("published", PUBLISHED)
def test_published_digests(tmp_path, published):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert checksum_like(path, published) == published
    path.write_bytes(b"abd")
    assert checksum_like(path, published) != published
