from __future__ import annotations

import io
import stat
import tarfile
from zipfile import ZipFile, ZipInfo

import pytest

from kzoo.data.archives import unpack
from kzoo.errors import DataError


def zipped(path, members: dict[str, bytes]):
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path, members: dict[str, bytes], kind: bytes = tarfile.REGTYPE):
    with tarfile.open(path, f"w:{path.suffix[1:]}") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else kind
            info.size, info.linkname = len(content), "/etc/passwd"
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar.bz2"), (tarred, "a.tar.gz")])
def test_unpacks(tmp_path, pack, name):
    archive = pack(tmp_path / name, {"train/cats/1.jpg": b"one", "train/": b"", "test/2.jpg": b"two"})
    unpack(archive, tmp_path)
    assert (tmp_path / "train" / "cats" / "1.jpg").read_bytes() == b"one"
    assert (tmp_path / "test" / "2.jpg").read_bytes() == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "test", "train"]


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:/evil", "..\\evil", "a/..", "\\\\host\\evil"]
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    archive = zipped(tmp_path / "a.zip", {"good": b"", name: b"evil"})
    with pytest.raises(DataError, match="unsafe and was not unpacked"):
        unpack(archive, folder)
    assert list(folder.iterdir()) == []
    assert list(tmp_path.rglob("*evil*")) == []


def test_a_link_is_refused(tmp_path):
    link = ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="'link' points outside the folder"):
        unpack(tmp_path / "a.zip", tmp_path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, tarfile.REGTYPE) for name in ("../evil", "a/../../evil", "/evil", "..\\evil")),
        *(("evil", kind) for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)),
    ],
)
def test_a_tar_that_leads_elsewhere_is_refused(tmp_path, name, kind):
    folder = tmp_path / "folder"
    folder.mkdir()
    archive = tarred(tmp_path / "a.tar.gz", {"good": b"", name: b""}, kind)
    with pytest.raises(DataError, match="unsafe and was not unpacked"):
        unpack(archive, folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.bz2"])
def test_a_tar_that_is_cut_off_leaves_nothing_behind(tmp_path, name):
    archive = tarred(tmp_path / name, {f"train/{n}": bytes(range(256)) * 99 for n in range(9)})
    archive.write_bytes(archive.read_bytes()[:-99])
    with pytest.raises(DataError, match="cannot be read"):
        unpack(archive, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_archive_larger_than_the_disk_is_refused(tmp_path, monkeypatch):
    archive = zipped(tmp_path / "a.zip", {"large": b"0" * 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 999}))
    with pytest.raises(DataError, match=r"unpacks to at least 1,000 bytes, but .* has only 999 bytes free"):
        unpack(archive, tmp_path)


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "train").mkdir()
    archive = zipped(tmp_path / "a.zip", {"train/1.jpg": b"", "test/1.jpg": b""})
    with pytest.raises(DataError, match="already holds train"):
        unpack(archive, tmp_path)
    assert not (tmp_path / "test").exists()


def test_a_damaged_archive_leaves_nothing_behind(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"train/1.jpg": b"0" * 1000, "train/2.jpg": b"1" * 1000})
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"1" * 1000, b"2" * 1000))
    with pytest.raises(DataError, match=r"a\.zip cannot be read.*CRC"):
        unpack(archive, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    archive.write_bytes(content[:500])
    with pytest.raises(DataError, match=r"a\.zip cannot be read"):
        unpack(archive, tmp_path)
