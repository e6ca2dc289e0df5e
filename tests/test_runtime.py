from __future__ import annotations

import logging
import os
import platform
import shutil
import subprocess
import sys

import pytest

from kzoo import runtime
from kzoo.errors import MissingExtraError, UsageError

HIDE = """
import importlib.machinery, sys

class Hiding(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden!r} else super().find_spec(name, path, target)

sys.meta_path = [Hiding if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
"""

MAIN = """
import sys
from kzoo.cli.main import main
sys.argv = {argv!r}
try:
    main()
finally:
    heavy = {{"keras", "numpy", "tensorflow", "jax", "torch"}} & set(sys.modules)
    print("imported:", *sorted(heavy), file=sys.stderr)
"""


@pytest.fixture
def all_installed(monkeypatch):
    monkeypatch.setattr(runtime.util, "find_spec", lambda name: object())
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


@pytest.mark.usefixtures("all_installed")
def test_the_flag_then_the_environment_then_the_recipe_then_tensorflow(monkeypatch):
    assert runtime.choose_backend(None) == "tensorflow"
    assert runtime.choose_backend(None, "jax") == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert runtime.choose_backend(None, "jax") == "torch"
    assert runtime.choose_backend("tensorflow", "jax") == "tensorflow"


def test_auto_is_the_installed_backend_that_starts_the_fastest(monkeypatch):
    installed = ["torch", "tensorflow"]
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr(runtime.util, "find_spec", lambda name: name in installed or None)
    assert runtime.choose_backend("auto", "torch") == "tensorflow"
    assert runtime.installed_backends() == ["tensorflow", "torch"]
    installed.append("jax")
    assert runtime.choose_backend("auto") == "jax"
    installed.clear()
    with pytest.raises(MissingExtraError):
        runtime.choose_backend("auto")


@pytest.mark.usefixtures("all_installed")
def test_an_unknown_backend_names_the_nearest(monkeypatch):
    with pytest.raises(UsageError, match="'pytorch'; did you mean 'torch'"):
        runtime.choose_backend("pytorch")
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(UsageError, match="'theano'; known: jax, tensorflow, torch"):
        runtime.choose_backend(None)


@pytest.mark.parametrize(
    ("name", "package"), [("tensorflow", "kzoo"), ("jax", "kzoo[jax]"), ("torch", "kzoo[torch]")]
)
def test_a_backend_that_is_not_installed_names_the_command_that_brings_it(monkeypatch, name, package):
    monkeypatch.setattr(runtime.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as caught:
        runtime.choose_backend(name)
    assert f"pip install '{package}'" in str(caught.value)


def test_a_missing_backend_is_exit_code_4(python):
    code = HIDE.format(hidden={"jax"}) + MAIN.format(argv=["kzoo", "params", "--backend", "jax"])
    done = python(code)
    assert done.exit_code == 4
    assert done.stdout == ""
    assert done.stderr == "kzoo: the jax backend is not installed: pip install 'kzoo[jax]'\nimported:\n"


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        (["--help"], {}, "evaluate"),
        (["train", "--help"], {}, "--resume"),
        (["models"], {}, "asr-attention"),
        (["models", "cnn*", "--json"], {}, '"cnn-bn"'),
        ([], {"_KZOO_COMPLETE": "complete_bash", "COMP_WORDS": "kzoo pl", "COMP_CWORD": "1"}, "plot"),
        (
            [],
            {"_KZOO_COMPLETE": "complete_bash", "COMP_WORDS": "kzoo train tiny", "COMP_CWORD": "2"},
            "tiny-cnn",
        ),
        (["train", "tiny"], {}, "did you mean"),
    ],
    ids=[
        "help",
        "help of train",
        "models",
        "models as JSON",
        "completed verb",
        "completed recipe",
        "mistyped recipe",
    ],
)
def test_what_computes_nothing_imports_neither_keras_nor_numpy(python, words, environment, expected):
    done = python(MAIN.format(argv=["kzoo", *words]), **environment)
    assert expected in done.stdout + done.stderr
    assert done.stderr.endswith("imported:\n")


def test_a_process_has_one_backend(monkeypatch):
    runtime.start(os.environ["KERAS_BACKEND"])
    running = os.environ["KERAS_BACKEND"]
    other = next(name for name in runtime.BACKENDS if name != running)
    with pytest.raises(UsageError, match=f"Keras runs on {running} already"):
        runtime.start(other)
    assert os.environ["KERAS_BACKEND"] == running
    assert runtime.device()


def test_precision_is_that_of_the_last_start(precision):
    import keras

    backend = os.environ["KERAS_BACKEND"]
    precision("float32")
    runtime.start(backend, precision="mixed_bfloat16")
    assert keras.config.dtype_policy().compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().variable_dtype == "float32"
    runtime.start(backend)
    assert keras.config.dtype_policy().compute_dtype == "float32"


def test_the_environment_names_what_a_result_was_made_with(monkeypatch):
    backend = os.environ["KERAS_BACKEND"]
    runtime.start(backend)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/kzoo", "train", "cnn", "--out", "a run"])
    made_with = runtime.environment()
    assert made_with["backend"] == backend
    assert made_with["command"] == "kzoo train cnn --out 'a run'"
    assert {"kzoo", "keras", "numpy"} < made_with["versions"].keys()
    assert any(name.startswith(backend) for name in made_with["versions"])
    assert made_with["device"]


def test_results_of_record_are_no_changes_of_the_code(monkeypatch, tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    files = ("kzoo/runtime.py", "configs/speed.csv", "configs/tables/results/R001-3.csv", "configs/cnn.yaml")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(runtime.kzoo, "__file__", str(tmp_path / "kzoo" / "__init__.py"))
    commits = {}
    for name in (*files[1:3], files[3]):
        (tmp_path / name).write_text("after")
        commits[name] = runtime._commit()
    assert [commit.endswith("+changes") for commit in commits.values()] == [False, False, True]


def test_silence_ends(capfd):
    with runtime.silent_stderr():
        os.write(2, b"a library's own log\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("debug", [False, True])
def test_tensorflow_warns_of_repeated_tracing_with_debug_only(debug):
    logger = logging.getLogger("tensorflow")
    before = logger.level
    try:
        logger.setLevel(logging.NOTSET)
        runtime.start(os.environ["KERAS_BACKEND"], debug=debug)
        assert logger.isEnabledFor(logging.WARNING) == debug
        assert logger.isEnabledFor(logging.ERROR)
    finally:
        logger.setLevel(before)


@pytest.mark.skipif(os.environ["KERAS_BACKEND"] == "tensorflow", reason="TensorFlow is the backend")
def test_tensorflow_is_left_out_on_another_backend(python, tmp_path):
    """Keras would import TensorFlow to serialise nested layers when a model is built and when it is saved."""
    code = f"""
import os, sys
from kzoo import create_model, runtime
runtime.start(os.environ["KERAS_BACKEND"])
create_model("nmt-bilinear", units=4).save({str(tmp_path / "model.keras")!r})
import keras
keras.saving.load_model({str(tmp_path / "model.keras")!r})
print("tensorflow" in sys.modules)
"""
    done = python(code)
    assert (done.stdout, done.stderr) == ("False\n", ""), done.stderr


REUSED = """
import resource
from kzoo import runtime
runtime.start("torch")
import torch
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults(), min(faults() for _ in range(20)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
@pytest.mark.skipif(os.environ["KERAS_BACKEND"] != "torch", reason="PyTorch alone takes memory from glibc")
def test_pytorch_takes_the_memory_of_a_large_tensor_again(python):
    """The first few tensors may not fit where the one before was, as small blocks lie there by then."""
    done = python(REUSED)
    first, again = map(int, done.stdout.split())
    assert first > 20 * (again + 1), done.stderr
