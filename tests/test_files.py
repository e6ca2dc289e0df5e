from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kzoo.files import atomic_write, atomic_write_text, is_stream, made, remove_partial_files


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "notes.txt"
    for text in ("naïve\n", "", "β"):
        atomic_write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert os.listdir(tmp_path) == ["notes.txt"]  # noqa: PTH208


def test_the_temporary_name_keeps_the_suffix_and_is_hidden(tmp_path):
    def write(temporary):
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".keras"
        assert temporary.name.startswith(".")
        temporary.write_bytes(b"model")

    atomic_write(tmp_path / "last.keras", write)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError()])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, error):
    path = tmp_path / "history.csv"
    path.write_text("before")

    def write(temporary):
        temporary.write_text("half")
        raise error

    with pytest.raises(type(error)) as caught:
        atomic_write(path, write)
    assert [file.name for file in tmp_path.iterdir()] == ["history.csv"]
    assert path.read_text() == "before"
    if isinstance(error, OSError):
        assert caught.value.filename == str(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        atomic_write_text(tmp_path / "none" / "notes.txt", "text")
    assert caught.value.filename == str(tmp_path / "none" / "notes.txt")


def test_a_disk_that_cannot_be_written_is_named_by_the_file(tmp_path, monkeypatch):
    """The temporary file cannot be removed either."""

    def refuse(path, *args, **options):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "write_text", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OSError, match="Read-only") as caught:
        atomic_write_text(tmp_path / "notes.txt", "text")
    assert caught.value.filename == str(tmp_path / "notes.txt")


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / "inner").mkdir()
    for path in (tmp_path / "model.keras", tmp_path / "inner" / "state.npz"):
        names = []
        atomic_write(
            path, lambda temporary, names=names: (names.append(temporary), temporary.write_text("x"))
        )
        names[0].write_text("half")
    remove_partial_files(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["model.keras", "state.npz"]


def test_a_folder_that_was_made_for_nothing_is_removed(tmp_path):
    (tmp_path / "before").mkdir()
    for folder in (tmp_path / "a" / "b", tmp_path / "before"):
        with made(folder):
            assert folder.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["before"]
    with made(tmp_path / "a" / "b"):
        (tmp_path / "a" / "kept.txt").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_has_no_end_is_known(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    found = {name: is_stream(tmp_path / name) for name in ("pipe", "link", "file", ".", "none", "x" * 5_000)}
    assert [name for name, stream in found.items() if stream] == ["pipe", "link"]
