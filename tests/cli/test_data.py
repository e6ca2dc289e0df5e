from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from kzoo.cli.data import app
from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.errors import DataError, UsageError


@pytest.fixture(autouse=True)
def _no_real_data(monkeypatch, tmp_path_factory):
    monkeypatch.delenv("KZOO_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def scenes(tmp_path):
    """A reduced set of scenes, in a folder whose name looks like rich's markup."""
    folder = tmp_path / "[red]" / "intel-scenes"
    folder.mkdir(parents=True)
    images, labels = np.zeros((30, 48, 48, 3), np.uint8), np.arange(30) % 6
    np.savez_compressed(
        folder / "scenes.npz",
        train_images=images,
        train_labels=labels,
        test_images=images,
        test_labels=labels,
    )
    return folder


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_list_names_every_set_and_where_it_is(scenes):
    result = run("list", "--data-dir", scenes.parent)
    assert result.exit_code == 0
    assert all(name in result.stdout for name in PUBLISHED_SETS)
    sets = json.loads(run("list", "--data-dir", scenes.parent, "--json").stdout)
    found = {row["name"]: row["found"] for row in sets if row["package"] is None}
    assert found == {name: None for name in PUBLISHED_SETS if name != "cmudict"} | {
        "intel-scenes": str(scenes)
    }


@pytest.mark.parametrize("name", PUBLISHED_SETS)
def test_info_tells_all(name):
    result, as_json = run("info", name), json.loads(run("info", name, "--json").stdout)
    assert result.exit_code == 0
    shown = "".join(result.stdout.split())
    labels = ("licence", "homepage", "lookedforin")
    for text in (
        *labels,
        as_json["licence"],
        as_json["note"],
        *as_json["search_path"],
        *as_json.get("class_names", ()),
    ):
        assert "".join(text.split()) in shown
    for file in as_json["files"]:
        assert file["url"] in shown
        assert (file["checksum"] or "nochecksumispublished") in shown


def test_check_counts_and_exits_1_where_something_differs(scenes):
    result = run("check", "intel-scenes", "--data-dir", scenes.parent)
    assert result.exit_code == 1
    assert f"intel-scenes in {scenes}" in result.stdout
    assert "differs: there are 30 test images; the published number is 3,000" in result.stdout
    as_json = run("check", "intel-scenes", "--data-dir", scenes.parent, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["class_counts"]["test"]["sea"] == 5


def test_check_of_one_s_own_set(scenes):
    result = run("check", scenes / "scenes.npz")
    assert result.exit_code == 0
    assert result.stdout.endswith("no errors found\n")
    shaped = run("check", scenes / "scenes.npz", "--image-shape", 48, 48, 1, "--json")
    assert json.loads(shaped.stdout)["image_shape"] == [48, 48, 1]


def test_check_refuses_a_size_that_no_image_has(scenes):
    result = run("check", scenes.parent, "--image-shape", 1_000_000, 1_000_000, 3)
    assert isinstance(result.exception, UsageError)
    assert "expected height and width, 4,096 at most" in str(result.exception)


def test_check_of_pairs(tmp_path):
    path = tmp_path / "[red] mine.tsv"
    path.write_text("a b\tx\n\nc d\ty\ne f\tz\n", encoding="utf-8")
    result = run("check", path, "--source-tokens", "spaces")
    assert result.exit_code == 0
    assert f"1 row left out, empty: {path} line 2" in result.stdout
    assert result.stdout.endswith("no errors found\n")
    as_json = json.loads(run("check", path, "--target-tokens", "spaces", "--json").stdout)
    assert as_json["longest"] == [3, 1]
    for name in ("train-eng-spa.txt", "val-eng-spa.txt", "test-eng-spa.txt"):
        (tmp_path / name).write_text("i ran .\tcorri .\t42\n", encoding="utf-8")
    published = run("check", "spa-eng", "--data-dir", tmp_path)
    assert published.exit_code == 1
    assert "differs: there are 1 train pairs; the published number is 10,483" in published.stdout


def test_check_of_captions(tmp_path):
    folder = tmp_path / "[red] mine"
    folder.mkdir()
    entries = []
    for split in ("train", "val", "test"):
        Image.new("RGB", (4, 4)).save(folder / f"{split}.png")
        captions = [{"raw": "A tree."}, {"raw": "."}]
        entries.append({"filename": f"{split}.png", "split": split, "sentences": captions})
    (folder / "dataset.json").write_text(json.dumps({"images": entries}), encoding="utf-8")
    result = run("check", folder)
    assert result.exit_code == 0
    assert "3 captions left out, empty: " in result.stdout
    assert "6 tokens, the longest caption has 2 words" in result.stdout
    assert result.stdout.endswith("no errors found\n")
    published = run("check", "sydney-captions", "--data-dir", folder, "--json")
    assert published.exit_code == 1
    assert json.loads(published.stdout)["captions"] == {"train": 1, "validation": 1, "test": 1}


def test_check_of_speech(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    folder = tmp_path / "[red] mine"
    (folder / "wavs").mkdir(parents=True)
    (folder / "metadata.csv").write_text("d|\na|yes [b]\nb|no\nc|go\n", encoding="utf-8")
    for name in "abcd":
        soundfile.write(folder / "wavs" / f"{name}.flac", np.zeros(4_000), 8_000)
    result = run("check", folder)
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    assert "test clips 1, 0.0 minutes" in shown
    assert "3 clips of 8,000" in shown
    assert "0.5 seconds, 7 characters" in shown
    assert "'[' 1, ']' 1" in shown
    assert f"1 row left out, empty: {folder / 'metadata.csv'} line 1" in result.stdout
    assert result.stdout.endswith("no errors found\n")
    as_json = json.loads(run("check", "lj-speech", "--data-dir", folder, "--json").stdout)
    assert "there are 1 train clips; the published number is 9,825" in as_json["differences"]


def test_errors_reach_the_program_that_prints_them(tmp_path):
    for arguments, kind in (
        (["info", "minst"], UsageError),
        (["check", "mnist"], DataError),
        (["check", "spa-eng"], DataError),
        (["list", "--data-dir", tmp_path / "typo"], DataError),
        (["fetch", "intel-scenes", "--data-dir", tmp_path], DataError),
        (["fetch", "rsicd", "--data-dir", tmp_path], DataError),
    ):
        assert isinstance(run(*arguments).exception, kind)


def test_fetch_prints_only_json_on_stdout(scenes):
    result = run("fetch", "intel-scenes", "--data-dir", scenes.parent, "--json")
    assert json.loads(result.stdout) == {
        "name": "intel-scenes",
        "folder": str(scenes),
        "files": [str(scenes / "scenes.npz")],
    }


def test_importing_the_verbs_imports_no_numpy():
    code = "import sys, kzoo.cli.data; print({'numpy', 'keras'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
