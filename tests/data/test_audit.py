from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kzoo.data import audit as module
from kzoo.data.audit import audit
from kzoo.data.checksums import checksum_like
from kzoo.data.images.cards import IMAGE_SETS
from kzoo.errors import DataError


def test_what_differs_from_the_official_set_is_reported(tmp_path, write_mnist):
    found = audit("mnist", write_mnist(tmp_path))
    assert found.sizes == {"train": 100, "validation": 20, "test": 20}
    assert found.class_counts["validation"] == dict.fromkeys("0123456789", 2)
    assert [file.state for file in found.files] == ["not the official file"] * 4
    assert f"{tmp_path / 'train-images-idx3-ubyte.gz'} is not the official file" in found.differences
    assert "there are 100 train images; the published number is 50,000" in found.differences
    assert len(found.differences) == 7
    assert json.loads(json.dumps(found.to_json()))["sizes"] == found.sizes


def test_the_official_set_differs_in_nothing(tmp_path, write_mnist, monkeypatch):
    write_mnist(tmp_path)
    card = IMAGE_SETS["mnist"]
    files = tuple(
        replace(file, checksum=checksum_like(tmp_path / file.name, algorithm))
        for file, algorithm in zip(card.files, ("sha256:", "md5:", "sha256:", "md5:"), strict=True)
    )
    sizes = {"train": 100, "validation": 20, "test": 20}
    monkeypatch.setitem(module.IMAGE_SETS, "mnist", replace(card, files=files, sizes=sizes))
    found = audit("mnist", tmp_path)
    assert found.differences == ()
    assert [file.state for file in found.files] == ["official"] * 4
    assert [file.checksum for file in found.files] == [file.checksum for file in files]


def test_files_without_a_published_checksum_are_said_to_be(tmp_path, write_mnist):
    found = audit("mnist", write_mnist(tmp_path, suffix=""))
    assert {file.state for file in found.files} == {"no published checksum"}
    assert found.files[0].bytes == 16 + 120 * 28 * 28


def test_the_user_s_own_set_has_nothing_to_differ_from(tmp_path, write_photographs):
    found = audit(str(write_photographs(tmp_path, {"cats": 5, "dogs": 5})), image_shape=(4, 4, 3))
    assert found.differences == found.files == ()
    assert found.published_sizes is None
    assert found.sizes == {"train": 8, "validation": 1, "test": 1}


def test_a_published_set_that_is_not_there_is_an_error():
    with pytest.raises(DataError, match="mnist was not found in"):
        audit("mnist")


def test_a_set_of_pairs_is_counted(tmp_path):
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.tsv").write_text("k æ t\tcat\n\nb iʰ\tbe\n", encoding="utf-8")
    found = audit("wikipron-eng", tmp_path)
    assert found.sizes == {"train": 2, "validation": 2, "test": 2}
    assert found.vocabulary_sizes == (9, 9)
    assert found.longest == (3, 3)
    assert [line.partition(":")[0] for line in found.left_out] == ["3 rows left out, empty"]
    assert {file.state for file in found.files} == {"no published checksum"}
    assert "there are 2 train pairs; the published number is 10,000" in found.differences
    assert "the vocabularies have 9 and 9 tokens; the published numbers are 107 and 93" in found.differences
    assert json.loads(json.dumps(found.to_json()))["longest"] == [3, 3]


def test_the_user_s_own_pairs_have_nothing_to_differ_from(tmp_path):
    (tmp_path / "mine.csv").write_text("a b,x\nc d,y\ne f,z\n", encoding="utf-8")
    found = audit(str(tmp_path / "mine.csv"), source_tokens="spaces")
    assert found.differences == found.files == found.left_out == ()
    assert found.longest == (2, 1)
    with pytest.raises(DataError, match="spa-eng was not found"):
        audit("spa-eng")


def test_captions_are_counted_and_compared(tmp_path, write_captions):
    found = audit("sydney-captions", write_captions(tmp_path))
    assert found.sizes == {"train": 3, "validation": 1, "test": 1}
    assert found.captions == {"train": 6, "validation": 2, "test": 2}
    assert found.vocabulary_size == 4 + 6
    assert found.longest == 3
    assert found.left_out == ()
    assert [file.state for file in found.files] == ["no published checksum"]
    assert "there are 3 train images; the published number is 497" in found.differences
    assert "the vocabulary has 10 tokens; the published number is 190" in found.differences
    assert "the longest caption has 3 words; the published number is 20" in found.differences
    assert json.loads(json.dumps(found.to_json()))["captions"] == found.captions
    assert len(audit("ucm-captions", tmp_path).differences) == 3  # its words are published nowhere


def test_the_user_s_own_captions_have_nothing_to_differ_from(tmp_path, write_captions):
    folder = write_captions(tmp_path / "mine")
    for given in (folder, folder / "dataset.json"):
        assert audit(str(given)).differences == audit(str(given)).files == ()
    (folder / "images" / "4.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"4\.png cannot be read"):
        audit(str(folder))
    with pytest.raises(DataError, match="rsicd was not found"):
        audit("rsicd")


def test_a_set_of_speech_is_counted_and_every_clip_is_read(tmp_path, write_speech):
    texts = {"a": "yes", "b": "No; no; never!", "c": "go 3", "d": "stop"}
    folder = write_speech(tmp_path / "mine", texts)
    found = audit(str(folder))
    assert found.sizes == {"train": 2, "validation": 1, "test": 1}
    assert found.rates == {8_000: 4}
    assert found.longest_text == 14
    assert found.longest_clip == 0.1
    assert found.minutes == {"train": 0.0, "validation": 0.0, "test": 0.0}
    assert found.unknown == {";": 2, "!": 1, "3": 1}
    assert found.differences == found.files == found.left_out == ()
    published = audit("an4", folder)
    assert [(file.path.rpartition("/")[2], file.state) for file in published.files] == [
        ("metadata.csv", "no published checksum")
    ]
    assert "there are 2 train clips; the published number is 848" in published.differences
    assert "the clips have 8000 samples a second; the published number is 16000" in published.differences
    assert json.loads(json.dumps(published.to_json()))["rates"] == {"8000": 4}
    (folder / "wavs" / "d.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"d\.wav"):
        audit(str(folder))
