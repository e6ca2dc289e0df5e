"""Every layout of spoken texts, in small files; what is in a clip is not looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from kzoo.data.speech.layouts import SPEECH_LAYOUTS, An4Files, LjFiles, SpeechOptions, an4_speaker
from kzoo.errors import DataError

OPTIONS = SpeechOptions(max_length=97, cut=False, seed=1)


def write(folder: Path, rows: list[str], splits: list[str] | None = None, suffix: str = ".wav") -> Path:
    (folder / "wavs").mkdir(parents=True)
    (folder / "metadata.csv").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    for row in rows:
        if row.strip("| "):
            (folder / "wavs" / f"{row.partition('|')[0]}{suffix}").touch()
    if splits is not None:
        (folder / "splits.csv").write_text("id,split\n" + "".join(f"{row}\n" for row in splits))
    return folder


def names(splits) -> dict[str, tuple[str, ...]]:
    return {name: split.names for name, split in splits.items()}


def text(split, row: int = 0) -> str:
    return "".join(split.texts[row])


@pytest.mark.parametrize(
    ("count", "sizes"), [(13_100, (9_825, 655, 2_620)), (262, (197, 13, 52)), (10, (7, 1, 2)), (3, (1, 1, 1))]
)
def test_without_splits_the_clips_are_split_by_position_as_r004_did(tmp_path, count, sizes, monkeypatch):
    rows = [f"LJ{number:05}|A|B" for number in range(count)]
    clips = {row[:7]: Path(f"{row[:7]}.wav") for row in rows}
    monkeypatch.setattr("kzoo.data.speech.layouts._clips", lambda folder: clips)
    (tmp_path / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    splits, dropped = LjFiles().read(tmp_path, OPTIONS)
    assert tuple(len(split) for split in splits.values()) == sizes
    assert [name for split in splits.values() for name in split.names] == sorted(clips)
    assert dropped.counts == {}


def test_the_last_column_is_read_in_lower_case_and_quotes_are_characters(tmp_path):
    rows = ['a|"Dr. 1|"Doctor One ', "b|Only This?", "c|x|y"]
    splits, _ = LjFiles().read(write(tmp_path, rows, suffix=".FLAC"), OPTIONS)
    assert text(splits["train"]) == '"doctor one'
    assert text(splits["validation"]) == "only this?"
    assert splits["train"].clips == (tmp_path / "wavs" / "a.FLAC",)


def test_an_archive_unpacks_to_a_folder_of_its_own(tmp_path):
    (layout,) = SPEECH_LAYOUTS["lj-speech"]
    folder = write(tmp_path / "LJSpeech-1.1", ["a|x", "b|y", "c|z"])
    assert layout.found(tmp_path) == [folder / "metadata.csv", folder / "wavs"]
    assert names(layout.read(tmp_path, OPTIONS)[0]) == {"train": ("a",), "validation": ("b",), "test": ("c",)}
    assert layout.found(folder) == layout.found(tmp_path)
    assert layout.found(tmp_path / "wavs") == []


def test_splits_that_are_given_are_kept(tmp_path):
    folder = write(
        tmp_path, ["a|x", "b|y", "c|z", "d|w", ""], ["d,train", "c,validation", "a,test", "", "d,train"]
    )
    splits, dropped = LjFiles().read(folder, OPTIONS)
    assert names(splits) == {"train": ("d",), "validation": ("c",), "test": ("a",)}
    assert dropped.counts == {"not in any split": 1, "empty": 1}


def test_without_a_validation_split_whole_speakers_are_held_out(tmp_path):
    ids = [f"an{number}-{speaker}-b" for speaker in ("fash", "mblb", "fcaw", "mtje") for number in range(5)]
    rows, splits = [f"{name}|x" for name in ids], [f"{name},train" for name in ids]
    folder = write(tmp_path, [*rows, "an1-mxyz-b|y"], [*splits, "an1-mxyz-b,test"])
    (layout, _) = SPEECH_LAYOUTS["an4"]
    found = [names(layout.read(folder, SpeechOptions(97, seed))[0]) for seed in (1, 1, 2, 3, 4)]
    assert found[0] == found[1]
    assert len({split["validation"] for split in found}) > 1
    for split in found:
        assert split["test"] == ("an1-mxyz-b",)
        assert len(split["validation"]) == 5
        assert sorted((*split["train"], *split["validation"])) == sorted(ids)
        speakers = [set(map(an4_speaker, split[name])) for name in ("train", "validation")]
        assert not speakers[0] & speakers[1]
    own = LjFiles().read(folder, OPTIONS)[0]  # who speaks is not known: a tenth of the clips
    assert len(own["validation"]) == 2


def test_texts_that_are_too_long_are_left_out_or_cut(tmp_path):
    folder = write(tmp_path, ["a|12345", "b|123456", "c|12", "d|1"])
    splits, dropped = LjFiles().read(folder, SpeechOptions(5, 1))
    assert names(splits)["train"] == ("a",)
    assert dropped.counts == {"longer than 5 tokens": 1}
    splits, dropped = LjFiles().read(folder, SpeechOptions(5, 1, cut=True))
    assert text(splits["train"], 1) == "12345"
    assert dropped.counts == {}


def test_what_cannot_be_used_is_counted(tmp_path):
    folder = write(tmp_path, ["a|x", "b|", "c| ", "a|y", "d|z", "e|w"])
    (folder / "wavs" / "d.wav").unlink()
    _, dropped = LjFiles().read(folder, OPTIONS)
    assert dropped.counts == {"empty": 2, "its clip is already used": 1, "no such clip in wavs": 1}
    assert dropped.lines()[0] == f"2 rows left out, empty: {folder / 'metadata.csv'} line 2, 3"


@pytest.mark.parametrize(
    ("rows", "splits", "message"),
    [
        (["a"], None, r"metadata\.csv, line 1: 1 column, expected id\|text or id\|text\|normalised text"),
        (["a|x", "b|x|y|z"], None, r"metadata\.csv, line 2: 4 columns"),
        (["a|x"], ["a,train,1"], r"splits\.csv, line 2: 3 columns, expected id,split"),
        (["a|x"], ["a,dev"], r"line 2: no split is called 'dev'; expected train, validation, test"),
        (["a|x"], ["a,train", "b,train"], r"line 3: 'b' is not in metadata\.csv"),
        (["a|x"], ["a,train", "a,test"], r"line 3: 'a' is in train already"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, rows, splits, message):
    with pytest.raises(DataError, match=message) as error:
        LjFiles().read(write(tmp_path, rows, splits), OPTIONS)
    assert "\n" not in str(error.value)


def test_a_folder_without_clips_is_named(tmp_path):
    (tmp_path / "metadata.csv").write_text("a|x\n", encoding="utf-8")
    with pytest.raises(DataError, match="wavs is not a folder"):
        LjFiles().read(tmp_path, OPTIONS)


@pytest.fixture
def an4(tmp_path) -> Path:
    (tmp_path / "an4" / "etc").mkdir(parents=True)
    for split, speakers in (("train", ("fash", "mblb")), ("test", ("mtje",))):
        lines = []
        for speaker in speakers:
            folder = tmp_path / "an4" / "wav" / f"an4{split}_clstk" / speaker
            folder.mkdir(parents=True)
            for name in (f"an1-{speaker}-b", f"cen2-{speaker}-b"):
                (folder / f"{name}.sph").touch()
                lines.append(f"<s> GO {name[0]} </s> ({name})" if split == "train" else f"STOP ({name})")
        (tmp_path / "an4" / "etc" / f"an4_{split}.transcription").write_text("\n".join(lines))
    return tmp_path


def test_the_official_an4(an4):
    layout = An4Files()
    assert [path.name for path in layout.found(an4)] == [
        "an4_train.transcription",
        "an4_test.transcription",
        "wav",
    ]
    assert layout.found(an4 / "an4") == []
    splits, dropped = layout.read(an4, OPTIONS)
    assert [len(split) for split in splits.values()] == [2, 2, 2]
    assert names(splits)["test"] == ("an1-mtje-b", "cen2-mtje-b")
    assert text(splits["test"]) == "stop"
    assert {text(splits[name]) for name in ("train", "validation")} == {"go a"}
    assert {clip.stem for split in splits.values() for clip in split.clips} == {
        name for split in names(splits).values() for name in split
    }
    assert dropped.counts == {}


def test_an_official_file_that_is_damaged_or_missing_is_named(an4):
    path = an4 / "an4" / "etc" / "an4_test.transcription"
    path.write_text("STOP (an1-mtje-b)\nSTOP", encoding="utf-8")
    with pytest.raises(DataError, match=r"an4_test\.transcription, line 2: expected a text and the name"):
        An4Files().read(an4, OPTIONS)
    path.unlink()
    with pytest.raises(DataError, match=r"an4_test\.transcription does not exist"):
        An4Files().read(an4, OPTIONS)
