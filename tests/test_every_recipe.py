"""Every shipped recipe on its stand-in with every command, as for a user without any data."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from kzoo.data.standins import captioned_scenes, glyphs, phrases, scans, scenes, tones
from kzoo.recipe import list_recipes, load_recipe
from kzoo.tasks import kind, task_of

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="once is enough, and PyTorch compiles nothing"
)

SMALL = {
    "images": {"training.batch_size": 8},
    "pairs": {"model.units": 8, "training.batch_size": 8, "data.fraction": 0.5},
    "captions": {"model.units": 8, "model.encoder": "conv", "data.image_size": 16},
    "speech": {"model.units": 8, "model.blocks": 1, "model.mels": 8, "training.batch_size": 8},
}
"""The settings that make a recipe of each kind small."""


@pytest.fixture
def small_stand_ins(monkeypatch, tmp_path):
    """Reduce the stand-ins to a few examples, and write a small cmudict, which stands in for WikiPron."""
    for module in (glyphs, scans, scenes, captioned_scenes, tones):
        monkeypatch.setattr(module, "DEFAULT_SIZES", (24, 8, 8))
    monkeypatch.setattr(phrases, "HELD_OUT", 8)
    monkeypatch.setattr(phrases, "MOST_OF_A_PATTERN", 4)
    words = [f"{a}{b}{c} {a.upper()} {b.upper()} {c.upper()}1" for a in "bdf" for b in "aeiou" for c in "lmn"]
    (tmp_path / "data" / "cmudict").mkdir(parents=True)
    (tmp_path / "data" / "cmudict" / "cmudict.dict").write_text("\n".join(words) + "\n")
    monkeypatch.setenv("KZOO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def killed_once(monkeypatch):
    """Interrupt the first training right after its first checkpoint."""
    from kzoo import experiment

    save, killed = experiment.save_checkpoint, []

    def save_and_die(*arguments):
        save(*arguments)
        if not killed:
            killed.append(True)
            raise KeyboardInterrupt

    monkeypatch.setattr(experiment, "save_checkpoint", save_and_die)


def own_input(kind_of_data: str) -> str:
    """Return an input for `kzoo predict`, written to a file if it is an image or a sound."""
    if kind_of_data == "pairs":
        return "b a l"
    if kind_of_data == "speech":
        with wave.open("own.wav", "wb") as file:
            file.setparams((1, 2, 8_000, 0, "NONE", ""))
            file.writeframes((9_000 * np.sin(np.arange(4_000) / 3)).astype("<i2").tobytes())
        return "own.wav"
    Image.fromarray(np.arange(48 * 32 * 3, dtype=np.uint8).reshape(48, 32, 3)).save("own.png")
    return "own.png"


@pytest.mark.usefixtures("small_stand_ins", "killed_once")
@pytest.mark.parametrize("name", list_recipes())
def test_a_stand_in_goes_through_every_verb(kzoo, name):
    recipe = load_recipe(name)
    of, run = kind(recipe.model.name), Path("run")

    def done(*words: object, exit_code: int = 0) -> str:
        finished = kzoo(*words)
        assert finished.exit_code == exit_code, finished.stderr
        return finished.stdout

    settings = [word for key, value in SMALL[of].items() for word in ("--set", f"{key}={value}")]
    done("train", name, *settings, "--epochs", 2, "--out", run, exit_code=130)
    done("train", "--resume", run)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["data"]["stand_in"]
    assert metrics["epochs"] == 2
    if recipe.published is not None:
        assert metrics["comparison"]["reason"].startswith(
            f"trained on the stand-in {metrics['data']['name']}"
        )
    figures = json.loads(done("evaluate", run, "--out", "hypotheses.jsonl", "--json"))
    assert {key: figures[key] for key in metrics["test"]} == metrics["test"]
    assert figures["data"] == metrics["data"]
    hypotheses = [json.loads(line) for line in Path("hypotheses.jsonl").read_text().splitlines()]
    assert [row["index"] for row in hypotheses] == list(range(figures["count"]))
    own = own_input(of)
    (answer,) = json.loads(done("predict", run, own, "--json"))
    assert len(answer["predictions"]) >= 1
    done("plot", "curves", run, "--out", "curves.png")
    pictures = task_of(recipe.model.name).pictures
    inputs = {"attention": [own], "spectrogram": [own]}
    has_attention = "attention" in pictures and (run / "attention.png").exists()
    for picture in pictures:
        if picture in ("activations", "kernels") and not (run / f"{picture}.png").exists():
            continue  # the model has no convolutions
        if picture == "attention" and not has_attention:
            continue
        done("plot", picture, run, *inputs.get(picture, []), "--out", f"{picture}.png")
        assert Path(f"{picture}.png").stat().st_size > 0
    done("report", run, "--out", "page.md")
    assert "stand-in data" in Path("page.md").read_text()
