"""A reader that is given a pipe says so: it would wait for ever."""

from __future__ import annotations

import os

import pytest

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit
from kzoo.data.captions.karpathy import read_karpathy
from kzoo.data.checksums import checksum_like
from kzoo.data.images.folders import read_image
from kzoo.data.images.idx import read_idx
from kzoo.data.images.npz import read_npz
from kzoo.data.origin import Origin
from kzoo.data.pairs.own import read_own_pairs
from kzoo.data.row_filter import DroppedRows
from kzoo.data.speech.audio import decode_audio, sample_rate
from kzoo.data.vocabulary import Vocabulary
from kzoo.errors import DataError


def read_captioned(path):
    split = CaptionSplit(("a",), (path,), ((("tree",),),))
    CaptionSet(split, split, split, DroppedRows({}, ()), origin=Origin("a", "a", stand_in=False)).sha256()


READERS = {
    "image.png": lambda path: read_image(path, (4, 4, 3)),
    "captioned.png": read_captioned,
    "clip.wav": decode_audio,
    "header.wav": sample_rate,
    "pairs.tsv": lambda path: read_own_pairs(path, ("characters", "characters"), seed=1),
    "pairs.csv": lambda path: read_own_pairs(path, ("characters", "characters"), seed=1),
    "images.npz": read_npz,
    "images-idx3-ubyte": read_idx,
    "dataset.json": lambda path: read_karpathy(path, path.parent, max_length=None, seed=1),
    "vocabulary.json": Vocabulary.load,
    "downloaded.bin": lambda path: checksum_like(path, "sha256:"),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("name", READERS)
def test_a_pipe_is_refused(tmp_path, name):
    if name.endswith(".wav"):
        pytest.importorskip("soundfile", reason="soundfile is not installed")
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError) as error:
        READERS[name](tmp_path / name)
    assert str(error.value) == f"{tmp_path / name} is a pipe or a device; expected a file"
