"""Downloads from a server on this machine that can resume, cut off, and lie."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from zipfile import ZipFile

import numpy as np
import pytest

from kzoo.data import fetch as module
from kzoo.data.captions.cards import CAPTION_SETS
from kzoo.data.card import RemoteFile
from kzoo.data.fetch import download, fetch
from kzoo.data.images.cards import IMAGE_SETS
from kzoo.data.pairs.cards import PAIR_SETS
from kzoo.errors import DataError

CONTENT = np.random.default_rng(5).bytes(700_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(HTTPServer):
    """Serves CONTENT at every address; `ranges`, `cut` and the `length` that it states say how."""

    ranges = True
    cut: int | None = None
    length: str | None = "right"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    def file(self, name: str = "set.bin", digest: str = DIGEST) -> RemoteFile:
        return RemoteFile(
            name, f"http://127.0.0.1:{self.server_port}/{name}", len(CONTENT), f"sha256:{digest}"
        )


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.asked.append(asked)
        if self.path.endswith("missing"):
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.ranges else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if self.server.length is not None:
            stated = str(len(CONTENT) - start) if self.server.length == "right" else self.server.length
            self.send_header("Content-Length", stated)
        self.end_headers()
        end = len(CONTENT) if self.server.cut is None else self.server.cut
        with contextlib.suppress(ConnectionError):  # who asked may have heard enough
            self.wfile.write(CONTENT[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_downloads_and_reports_progress(tmp_path, server):
    reports = []
    path = download(server.file(), tmp_path / "new", lambda *report: reports.append(report))
    assert path == tmp_path / "new" / "set.bin"
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == ["set.bin"]
    assert reports[-1] == ("set.bin", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in reports] == sorted(done for _, done, _ in reports)


def test_a_verified_file_is_kept_and_not_asked_for(tmp_path, server):
    (tmp_path / "set.bin").write_bytes(CONTENT)
    download(server.file(), tmp_path)
    assert server.asked == []


def test_a_file_of_the_user_is_never_overwritten(tmp_path, server):
    (tmp_path / "set.bin").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"set\.bin is not the official file"):
        download(server.file(), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == b"mine"


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_was_cut_off_is_resumed(tmp_path, server, ranges):
    server.ranges, server.cut = ranges, 300_000
    with pytest.raises(ConnectionError, match="cut off after 300,000 of 700,000 bytes"):
        download(server.file(), tmp_path)
    assert (tmp_path / "set.bin.part").read_bytes() == CONTENT[:300_000]
    assert not (tmp_path / "set.bin").exists()
    server.cut = None
    assert download(server.file(), tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-"]


@pytest.mark.parametrize("extra", [b"", b"too much"])
def test_a_part_with_nothing_missing_is_verified(tmp_path, server, extra):
    (tmp_path / "set.bin.part").write_bytes(CONTENT + extra)
    if extra:
        with pytest.raises(DataError, match="wrong file, now deleted"):
            download(server.file(), tmp_path)
    assert download(server.file(), tmp_path).read_bytes() == CONTENT


def test_a_wrong_file_is_deleted(tmp_path, server):
    with pytest.raises(DataError, match=f"its checksum is sha256:{DIGEST}, not sha256:00"):
        download(server.file(digest="00"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [None, "right"])
@pytest.mark.parametrize("known", [True, False])
def test_no_more_is_written_than_a_file_can_have(tmp_path, server, monkeypatch, length, known):
    monkeypatch.setattr(module, "MAX_DOWNLOAD", 300_000)
    monkeypatch.setattr(module, "_CHUNK", 1_000)
    server.length, reports = length, []
    file = replace(server.file(), bytes=300_000 if known else None)
    with pytest.raises(DataError, match="sent a wrong file, now deleted: it has more than 300,000 bytes"):
        download(file, tmp_path, lambda *report: reports.append(report))
    assert max([done for _, done, _ in reports], default=0) <= 301_000
    assert list(tmp_path.iterdir()) == []


def test_a_server_need_not_state_a_length(tmp_path, server):
    server.length = None
    assert download(server.file(), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("length", ["abc", "-5", "9" * 5_000])
def test_a_length_that_is_none_is_named(tmp_path, server, length):
    server.length = length
    card = replace(IMAGE_SETS["octmnist"], files=(server.file("octmnist.npz"),))
    with pytest.raises(DataError, match="the server sent the invalid Content-Length") as error:
        fetch(card, tmp_path)
    assert length[:10] in str(error.value)
    assert len(str(error.value)) < 1_000
    assert "\n" not in str(error.value)


def test_a_fetch_that_failed_leaves_no_folder(tmp_path, server):
    wrong, missing = server.file("octmnist.npz", digest="00"), server.file("missing")
    for file in (wrong, missing, replace(wrong, url="http://127.0.0.1:9/none")):
        with pytest.raises(DataError):
            fetch(replace(IMAGE_SETS["octmnist"], files=(file,)), tmp_path / "sets" / "octmnist")
        assert list(tmp_path.iterdir()) == []


def test_a_set_is_fetched_and_what_is_there_is_kept(tmp_path, server):
    card = IMAGE_SETS["mnist"]
    card = replace(card, files=tuple(server.file(file.name) for file in card.files))
    assert [path.name for path in fetch(card, tmp_path)] == [file.name for file in card.files]
    assert len(server.asked) == 4
    fetch(card, tmp_path)
    assert len(server.asked) == 4


def test_offline_it_says_which_files_to_put_where(tmp_path):
    files = tuple(replace(file, url="http://127.0.0.1:9/none") for file in IMAGE_SETS["mnist"].files)
    (tmp_path / files[0].name).write_bytes(CONTENT)
    files = (replace(files[0], checksum=f"sha256:{DIGEST}"), *files[1:])
    with pytest.raises(DataError) as error:
        fetch(replace(IMAGE_SETS["mnist"], files=files), tmp_path)
    message = str(error.value)
    assert "http://127.0.0.1:9/none (" in message
    assert f"put these files into {tmp_path} by hand: {', '.join(file.name for file in files[1:])}" in message
    assert files[0].name not in message
    assert "\n" not in message


def test_a_file_that_the_server_lacks_is_named(tmp_path, server):
    card = replace(IMAGE_SETS["octmnist"], files=(server.file("missing"),))
    with pytest.raises(DataError, match=r"missing \(HTTP Error 404: Not Found\): run this again"):
        fetch(card, tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path, server):
    (tmp_path / "file").touch()
    card = replace(IMAGE_SETS["octmnist"], files=(server.file("octmnist.npz"),))
    with pytest.raises(DataError, match=r"cannot download .*octmnist\.npz \("):
        fetch(card, tmp_path / "file")


def test_an_archive_put_there_by_hand_is_unpacked(tmp_path, write_photographs):
    from shutil import make_archive

    card = IMAGE_SETS["intel-scenes"]
    with pytest.raises(
        DataError, match=r"get archive\.zip from https://www\.kaggle\.com.*put it at"
    ) as error:
        fetch(card, tmp_path / "sets")
    assert str(tmp_path / "sets" / "archive.zip") in str(error.value)
    for split in ("seg_train", "seg_test"):
        write_photographs(tmp_path / "kaggle" / split / split, dict.fromkeys(card.class_names, 2))
    make_archive(str(tmp_path / "sets" / "archive"), "zip", tmp_path / "kaggle")
    for _ in range(2):  # the second time everything is there
        found = fetch(card, tmp_path / "sets")
        assert [path.name for path in found] == ["seg_train", "seg_test"]


def test_without_a_checksum_the_length_is_verified_and_nothing_is_resumed(tmp_path, server):
    file = replace(server.file(), checksum=None)
    server.cut = 300_000
    with pytest.raises(ConnectionError, match="cut off"):
        download(file, tmp_path)
    server.cut = None
    assert download(file, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, None]
    (tmp_path / "set.bin").write_bytes(b"mine")
    assert download(file, tmp_path).read_bytes() == b"mine"


def test_a_set_that_comes_in_an_archive_is_unpacked(tmp_path):
    card = PAIR_SETS["spa-eng"]
    with ZipFile(tmp_path / "spa-eng.zip", "w") as archive:
        archive.writestr("spa.txt", "Go.\tVe.\n")
        archive.writestr("_about.txt", "about")
    for _ in range(2):  # the second time it is there, archive or not
        assert fetch(card, tmp_path) == [tmp_path / "spa.txt"]
        (tmp_path / "spa-eng.zip").unlink(missing_ok=True)


def test_a_set_that_no_program_can_download_says_what_to_do(tmp_path, write_captions):
    card = CAPTION_SETS["rsicd"]
    with pytest.raises(DataError, match=r"RSICD_optimal and put it into .*; kzoo data info rsicd says which"):
        fetch(card, tmp_path / "rsicd")
    folder = write_captions(tmp_path / "rsicd", "dataset_rsicd.json")
    assert fetch(card, folder) == [folder / "dataset_rsicd.json"]
