from __future__ import annotations

import stat
from zipfile import ZipFile, ZipInfo

import pytest

from kzoo.data.archives import unpack_zip
from kzoo.errors import DataError


def zipped(path, members: dict[str, bytes]):
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_unpacks(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"train/cats/1.jpg": b"one", "train/": b"", "test/2.jpg": b"two"})
    unpack_zip(archive, tmp_path)
    assert (tmp_path / "train" / "cats" / "1.jpg").read_bytes() == b"one"
    assert (tmp_path / "test" / "2.jpg").read_bytes() == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "test", "train"]


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:/evil", "..\\evil", "a/..", "\\\\host\\evil"]
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    archive = zipped(tmp_path / "a.zip", {"good": b"", name: b"evil"})
    with pytest.raises(DataError, match="unsafe and was not unpacked"):
        unpack_zip(archive, folder)
    assert list(folder.iterdir()) == []
    assert list(tmp_path.rglob("*evil*")) == []


def test_a_link_is_refused(tmp_path):
    link = ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="'link' leads elsewhere"):
        unpack_zip(tmp_path / "a.zip", tmp_path)


def test_an_archive_larger_than_the_disk_is_refused(tmp_path, monkeypatch):
    archive = zipped(tmp_path / "a.zip", {"large": b"0" * 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 999}))
    with pytest.raises(DataError, match=r"unpacks to 1,000 bytes, .* has room for 999"):
        unpack_zip(archive, tmp_path)


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "train").mkdir()
    archive = zipped(tmp_path / "a.zip", {"train/1.jpg": b"", "test/1.jpg": b""})
    with pytest.raises(DataError, match="holds train already"):
        unpack_zip(archive, tmp_path)
    assert not (tmp_path / "test").exists()


def test_a_damaged_archive_leaves_nothing_behind(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"train/1.jpg": b"0" * 1000, "train/2.jpg": b"1" * 1000})
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"1" * 1000, b"2" * 1000))
    with pytest.raises(DataError, match=r"a\.zip cannot be read.*CRC"):
        unpack_zip(archive, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    archive.write_bytes(content[:500])
    with pytest.raises(DataError, match=r"a\.zip cannot be read"):
        unpack_zip(archive, tmp_path)
