"""The commands in the README run, and its table of models agrees with the zoo."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_sets import write_wav
from PIL import Image

from kzoo.registry import card, list_models

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
VERBS = [
    line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.startswith("kzoo ")
]
RUNS = {
    "runs/fashion-cnn-20261121-101500": "trained_run",
    "runs/scenes": "normalised_run",
    "runs/one": "trained_run",
    "runs/another": "trained_run",
    "runs/nmt-bilinear-20261121-113000": "trained_pair_run",
    "runs/caption-attention-20261121-120000": "trained_caption_run",
    "runs/asr-attention-20261121-124500": "trained_speech_run",
}
"""The fixture that replaces each run folder of the README."""


def with_fixtures(text: str, request: pytest.FixtureRequest, spell: Callable[[str], str] = str) -> str:
    """Replace the runs in a text by the paths of fixtures."""
    for name in filter(text.__contains__, RUNS):
        text = text.replace(name, spell(str(request.getfixturevalue(RUNS[name]))))
    return text


def test_ci_runs_the_test_command_of_the_readme():
    command = next(block for block in BLOCKS if "tox" in block).strip()
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_main_job_of_the_readme_is_a_recipe(kzoo, monkeypatch, tmp_path):
    monkeypatch.setenv("KZOO_DATA", str(tmp_path))
    arguments = shlex.split(BLOCKS[0].split("kzoo ")[-1])
    done = kzoo(*arguments, "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr


@pytest.fixture
def normalised_run(kzoo, write_image_set, tmp_path):
    """A run of `cnn-bn`, which a training of larger images can begin from."""
    images, run = write_image_set(tmp_path / "small.npz", 16, 3, (24, 8, 8)), tmp_path / "normalised"
    words = ["train", "cnn-bn", "--data", images, "--set", "model.input_shape=[16,16,3]", "--epochs", 1]
    done = kzoo(*words, "--out", run)
    assert done.exit_code == 0, done.stderr
    return run


@pytest.mark.parametrize("line", [line for line in VERBS if not line.startswith("kzoo bench")])
def test_every_verb_of_the_readme_runs(line, kzoo, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KZOO_DATA", str(tmp_path))
    classes = (f"photographs/{kind}/{i}.png" for kind in "ab" for i in range(10))
    for name in ("shoe.png", "bag.jpg", "photographs/own.png", *classes):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((48, 48, 3), len(name), np.uint8)).save(name)
    Path("my-pairs.tsv").write_text("".join(f"{i} {i}\t{i}\n" for i in range(30)))
    write_wav(Path("clip.wav"), np.random.default_rng(6).normal(0, 0.1, 4_000).astype(np.float32), 16_000)
    arguments = shlex.split(with_fixtures(line, request, shlex.quote))[1:]
    if "--resume" in arguments:
        arguments += ["--epochs", "4"]
    elif arguments[0] in {"train", "sweep"} or (arguments[0] == "reproduce" and "--list" not in arguments):
        arguments += ["--dry-run"]
    done = kzoo(*arguments)
    assert done.exit_code == 0, done.stderr


def test_the_table_of_models_is_the_zoo():
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| ([\d,]+) \| (\S+).*? \| (.*?) \| (.*?) \|$", README, re.MULTILINE
    )
    assert [row[0] for row in rows] == list_models()
    for name, parameters, published, summary, source in rows:
        promised = card(name)
        assert parameters == f"{promised.parameters:,}"
        assert published == ("-" if promised.published is None else f"{promised.published:,}")
        assert (summary, source) == (promised.summary, promised.source)


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_the_python_of_the_readme_runs(code, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((48, 48, 3), 7, np.uint8)).save("shoe.png")
    code = with_fixtures(code, request)
    exec(compile(code, "README.md", "exec"), {})
