"""A run folder that was damaged or changed by hand: one line that names the file, and exit code 3."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

VERBS = {
    "evaluate": ["evaluate", "RUN"],
    "predict": ["predict", "RUN", "abc"],
    "curves": ["plot", "curves", "RUN"],
    "report": ["report", "RUN", "--out", "page.md"],
    "resume": ["train", "--resume", "RUN", "--epochs", "5"],
}


def assert_named(done, path: Path) -> None:
    assert done.exit_code == 3, done.stderr
    *_, last = done.stderr.splitlines()
    assert str(path) in last
    assert "unexpected" not in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "verbs"),
    [
        ("history.csv", "", ["curves", "report", "evaluate"]),
        ("history.csv", "epoch,train_loss\n", ["curves"]),
        ("history.csv", "epoch,train_loss\n1,much\n", ["curves", "report", "predict"]),
        ("history.csv", "epoch,train_loss\n1\n", ["curves"]),
        ("history.csv", "\xff\xfe", ["curves"]),
        ("environment.json", "[]", VERBS),
        ("environment.json", "{}", ["evaluate", "predict", "resume"]),
        ("environment.json", '{"data": 3}', ["evaluate", "predict", "resume", "report"]),
        ("metrics.json", "null", ["report", "resume"]),
        ("metrics.json", '{"epochs": "four"}', ["report", "resume"]),
        ("metrics.json", '{"test": ', ["report", "resume"]),
        ("recipe.yaml", "model: 3\n", VERBS),
        ("recipe.yaml", "- no\n- recipe\n", ["evaluate", "curves"]),
        ("target-vocabulary.json", "{}", ["evaluate", "predict", "resume"]),
        ("predictions.tsv", "", ["report"]),
    ],
)
def test_a_damaged_file(kzoo, trained_pair_run, name, content, verbs):
    path = trained_pair_run / name
    path.write_bytes(content.encode("latin-1"))
    for verb in verbs:
        words = [trained_pair_run if word == "RUN" else word for word in VERBS[verb]]
        assert_named(kzoo(*words), path)


@pytest.mark.parametrize("key", ["name", "location", "stand_in", "sizes", "sha256"])
def test_an_environment_without_a_fact_of_its_data(kzoo, trained_pair_run, key):
    path = trained_pair_run / "environment.json"
    environment = json.loads(path.read_text())
    del environment["data"][key]
    path.write_text(json.dumps(environment))
    done = kzoo("evaluate", trained_pair_run)
    assert_named(done, path)
    assert f"data.{key}: Field required" in done.stderr


def test_a_reference_that_is_no_recipe(kzoo, trained_pair_run):
    path = trained_pair_run / "environment.json"
    environment = json.loads(path.read_text())
    environment["reference"]["training"]["epochs"] = "many"
    path.write_text(json.dumps(environment))
    assert_named(kzoo("evaluate", trained_pair_run), path)


def test_the_model_of_another_run(kzoo, trained_run, trained_pair_run, other_caption_run):
    for name in ("last.keras", "best.keras"):
        shutil.copy(trained_run / name, trained_pair_run / name)
    for words in (["evaluate", trained_pair_run], ["predict", trained_pair_run, "abc"]):
        done = kzoo(*words)
        assert_named(done, trained_pair_run / "last.keras")
        assert "is not the model of the run's recipe, nmt-bilinear" in done.stderr
    shutil.copy(other_caption_run / "last.keras", trained_run / "last.keras")
    assert_named(kzoo("plot", "kernels", trained_run), trained_run / "last.keras")


@pytest.mark.parametrize("name", ["source-vocabulary.json", "target-vocabulary.json"])
def test_a_vocabulary_that_does_not_fit_the_model(kzoo, trained_pair_run, name):
    path = trained_pair_run / name
    content = json.loads(path.read_text())
    longer = {**content, "tokens": [*content["tokens"], "x", "y"]}
    shorter = {**content, "tokens": content["tokens"][:-1]}
    for other in (longer, shorter)[: 1 if name.startswith("source") else 2]:
        path.write_text(json.dumps(other))
        for words in (["evaluate", trained_pair_run], ["predict", trained_pair_run, "abc"]):
            done = kzoo(*words)
            assert_named(done, path)
            assert f"has {len(other['tokens']) + 4} tokens, the model of its run has 9" in done.stderr


def test_evaluate_reads_with_the_run_s_own_vocabularies(kzoo, trained_pair_run):
    """Its files are the one truth, whatever the data would give: other numbers give other figures."""
    before = json.loads(kzoo("evaluate", trained_pair_run, "--json").stdout)
    path = trained_pair_run / "source-vocabulary.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "tokens": content["tokens"][::-1]}))
    after = json.loads(kzoo("evaluate", trained_pair_run, "--json").stdout)
    assert after["error_rate"] > before["error_rate"] + 0.1
    source = next(iter((trained_pair_run / "predictions.tsv").read_text().splitlines()[1:])).split("\t")[0]
    done = kzoo("evaluate", trained_pair_run, "--out", trained_pair_run / "out.jsonl")
    assert done.exit_code == 0
    first = json.loads((trained_pair_run / "out.jsonl").read_text().splitlines()[0])
    (answer,) = json.loads(kzoo("predict", trained_pair_run, source, "--json").stdout)
    assert (first["source"], first["hypothesis"]) == (source, answer["predictions"][0]["text"])


@pytest.mark.parametrize("progress", [b"{", b"[]", b'{"epoch": "x"}', b"\xff", b""])
def test_a_torn_checkpoint_is_passed_over_and_told(kzoo, trained_run, progress):
    (trained_run / "metrics.json").unlink()
    before, newest = sorted((trained_run / "checkpoints").glob("*.npz"))
    arrays = dict(np.load(newest))
    np.savez(newest, **{**arrays, "progress": np.frombuffer(progress, np.uint8)})
    history = (trained_run / "history.csv").read_bytes()
    done = kzoo("train", "--resume", trained_run)
    assert done.exit_code == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "is damaged" in line]
    assert len(told) == 1
    assert told[0].startswith(f"{newest} is damaged, trying the checkpoint before it: ")
    assert (trained_run / "history.csv").read_bytes() == history
    assert before.exists()


def test_data_that_changed_in_its_place(kzoo, small_pair_training, own_pairs, tmp_path):
    data = Path(shutil.copy(own_pairs, tmp_path / "words.tsv"))
    words = [data if word == str(own_pairs) else word for word in small_pair_training]
    assert kzoo(*words, "--epochs", 1, "--out", tmp_path / "run").exit_code == 0
    data.write_bytes(data.read_bytes() + b"a\tb\n")
    done = kzoo("evaluate", tmp_path / "run")
    assert (done.exit_code, done.stderr) == (
        3,
        f"kzoo: {data} has changed since {tmp_path / 'run'} was trained on it\n",
    )


def test_what_nobody_changed_is_no_changed_recipe(kzoo, trained_run, own_images):
    """Another set, and a model that was made to fit it: the set is why nothing compares."""
    comparison = json.loads((trained_run / "metrics.json").read_text())["comparison"]
    environment = json.loads((trained_run / "environment.json").read_text())
    assert environment["fitted"] == ["model.num_classes"]
    assert comparison == {"published": None, "reason": "nothing is published for this recipe"} or (
        comparison["reason"].startswith(f"trained on {own_images.name}, which is no published set")
    )
