"""Fixtures of the whole suite: small data sets that can be learned, trained runs, and the command line.

A process has one backend, which KERAS_BACKEND chooses; run the suite once on each backend.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# The setting of kzoo for small batches, which TensorFlow reads only once in a process.
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
# PyTorch's and NumPy's threads wait for each other when another process, such as a second worker, holds a
# core, and a factorisation then takes seconds. NumPy reads this variable when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# With a common cache JAX compiles a step of the same model only once for all tests and processes.
_COMPILED = tempfile.TemporaryDirectory(prefix="kzoo-tests-")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", _COMPILED.name)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from own_sets import write_captions, write_speech  # noqa: E402

ONCE = frozenset((Path(__file__).parent / "once.txt").read_text().split())
"""The folders and files whose tests are marked `once`. They depend on no backend, or train whole runs of a
family that is enough to train on one backend."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `ONCE`."""
    root = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(root)
        if {place.as_posix(), place.parts[0]} & ONCE:
            item.add_marker("once")


@dataclass(frozen=True)
class Finished:
    """The exit code and the output of a command."""

    exit_code: int
    stdout: str
    stderr: str


def run_kzoo(*arguments: object) -> Finished:
    """Run the command line in this process, and return its exit code and output."""
    from kzoo.cli.main import main

    stdout, stderr, argv = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["kzoo", *map(str, arguments)]
    exit_code = 0
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            main()
    except SystemExit as stopped:
        exit_code = stopped.code or 0
    finally:
        sys.argv = argv
    return Finished(exit_code, stdout.getvalue(), stderr.getvalue())


def run_python(code: str, **environment: str) -> Finished:
    """Run Python code in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def write_images(path: Path, side: int, channels: int, counts: tuple[int, int, int]) -> Path:
    """Write an npz file of four classes, each with its own block pattern and noise."""
    rng = np.random.default_rng(4)
    patterns = np.kron(rng.integers(0, 2, (4, 4, 4)), np.ones((side // 4, side // 4)))
    arrays = {}
    for split, count in zip(("train", "val", "test"), counts, strict=True):
        labels = np.arange(count) % 4
        grey = 150 * patterns[labels] + rng.integers(0, 100, (count, side, side))
        arrays[f"{split}_images"] = np.repeat(grey[..., None], channels, axis=-1).astype(np.uint8)
        arrays[f"{split}_labels"] = labels
    np.savez(path, **arrays, class_names=["ash", "[birch]", "cedar", "dogwood"])
    return path


def write_pairs(path: Path, letters: str, count: int) -> Path:
    """Write up to `count` pairs of a word of 2 to 4 letters and the word of the letters that follow them.

    Three more rows cannot be used: one is empty, one is too long, and one is not UTF-8.
    """
    rng = np.random.default_rng(5)
    words = sorted({"".join(rng.choice(list(letters), length)) for length in rng.integers(2, 5, 2 * count)})
    following = str.maketrans(letters, letters[1:] + letters[0])
    rows = [f"{word}\t{word.translate(following)}".encode() for word in rng.permutation(words)[:count]]
    path.write_bytes(b"\n".join([*rows, b"", b"a" * 101 + b"\tb", b"\xff\tb"]) + b"\n")
    return path


def run_folder(tmp_path_factory: pytest.TempPathFactory, name: str, arguments: list[str]) -> Path:
    """Train, check that the training succeeds, and return the run folder."""
    folder = tmp_path_factory.mktemp("trained") / name
    done = run_kzoo(*arguments, "--out", folder)
    assert done.exit_code == 0, done.stderr
    return folder


def set_all(settings: dict[str, object]) -> list[str]:
    """Return the command-line words that set these keys of a recipe."""
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


@pytest.fixture(scope="session")
def kzoo() -> Callable[..., Finished]:
    """`kzoo("train", "cnn", "--epochs", 2)` runs the command line in this process."""
    return run_kzoo


@pytest.fixture(scope="session")
def python() -> Callable[..., Finished]:
    """`python(code, VARIABLE="value")` runs code in a fresh process."""
    return run_python


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> Iterator[None]:
    """Let Ctrl-C raise, also in started processes; in a suite run in the background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def write_image_set() -> Callable[..., Path]:
    """`write_image_set(path, side, channels, counts)` writes a set of four classes that can be learned."""
    return write_images


@pytest.fixture(scope="session")
def own_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An npz file of 60, 20 and 20 grey images of 28x28 pixels."""
    return write_images(tmp_path_factory.mktemp("own") / "trees.npz", 28, 1, (60, 20, 20))


@pytest.fixture(scope="session")
def small_training(own_images: Path) -> list[str]:
    """The arguments of a training that takes a second or two, without `--out`."""
    settings = ["--set", "model.filters=4", "--set", "model.input_shape=[28, 28, 1]"]
    return ["train", "tiny-cnn", "--data", str(own_images), *settings, "--lr", "0.03", "--epochs", "3"]


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory, small_training: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "small [run]"
    done = run_kzoo(*small_training, "--out", folder)
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def trained_run(_trained: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, which the test may change."""
    return Path(shutil.copytree(_trained, tmp_path / _trained.name))


@pytest.fixture(scope="session")
def own_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 144, 18 and 18 pairs of words, and three rows that are left out."""
    return write_pairs(tmp_path_factory.mktemp("own") / "words.tsv", "abcé[", 180)


@pytest.fixture(scope="session")
def small_pair_training(own_pairs: Path) -> list[str]:
    """The arguments of a training that takes a few seconds and learns most of it, without `--out`."""
    settings = ["--set", "model.units=16", "--set", "model.dropout=0", "--batch-size", "16"]
    return ["train", "nmt-bilinear", "--data", str(own_pairs), *settings, "--lr", "0.03", "--epochs", "4"]


@pytest.fixture(scope="session")
def _trained_pairs(tmp_path_factory: pytest.TempPathFactory, small_pair_training: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "pairs [run]"
    done = run_kzoo(*small_pair_training, "--out", folder)
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def trained_pair_run(_trained_pairs: Path, tmp_path: Path) -> Path:
    """A copy of a finished run on pairs, which the test may change."""
    return Path(shutil.copytree(_trained_pairs, tmp_path / _trained_pairs.name))


@pytest.fixture(scope="session")
def _other_pairs(tmp_path_factory: pytest.TempPathFactory, small_pair_training: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "other pairs"
    words = ["--lr", "0.05", "--epochs", "2", "--seed", "2", "--set", "training.tested_epoch=best"]
    done = run_kzoo(*small_pair_training, *words, "--out", folder)
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def other_pair_run(_other_pairs: Path, tmp_path: Path) -> Path:
    """A copy of a run on the same pairs, whose first epoch is the best one and is tested."""
    return Path(shutil.copytree(_other_pairs, tmp_path / _other_pairs.name))


@pytest.fixture(scope="session")
def own_captions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 16, 4 and 4 images with two captions each, and one caption that is left out."""
    return write_captions(tmp_path_factory.mktemp("own") / "halves")


@pytest.fixture(scope="session")
def small_caption_training(own_captions: Path) -> list[str]:
    """The arguments of a training of 12 steps with attention over four regions, without `--out`."""
    sizes = {"units": 16, "embedding": 8, "attention_units": 8, "encoder": "conv", "dropout": 0.2}
    settings = {**{f"model.{key}": value for key, value in sizes.items()}, "data.image_size": 16}
    words = ["train", "caption-attention", "--data", str(own_captions), *set_all(settings)]
    return [*words, "--batch-size", "8", "--lr", "0.01", "--epochs", "3"]


@pytest.fixture(scope="session")
def whole_caption_run(tmp_path_factory: pytest.TempPathFactory, small_caption_training: list[str]) -> Path:
    """A finished run on captions, which no test may change."""
    return run_folder(tmp_path_factory, "captions [run]", small_caption_training)


@pytest.fixture
def trained_caption_run(whole_caption_run: Path, tmp_path: Path) -> Path:
    """A copy of a finished run on captions, which the test may change."""
    return Path(shutil.copytree(whole_caption_run, tmp_path / whole_caption_run.name))


@pytest.fixture(scope="session")
def other_caption_run(tmp_path_factory: pytest.TempPathFactory, own_captions: Path) -> Path:
    """A run of `caption`, which has no attention, on the same captions; no test may change it."""
    sizes = {"units": 16, "embedding": 8, "encoder": "conv"}
    settings = {**{f"model.{key}": value for key, value in sizes.items()}, "data.image_size": 16}
    words = ["train", "caption", "--data", str(own_captions), *set_all(settings)]
    return run_folder(tmp_path_factory, "other captions", [*words, "--batch-size", "8", "--epochs", "1"])


@pytest.fixture(scope="session")
def region_settings(tmp_path_factory: pytest.TempPathFactory, own_captions: Path) -> list[str]:
    """The `--set` words of a small captioner whose encoder is the run of a small classifier."""
    colours = write_images(tmp_path_factory.mktemp("own") / "colours.npz", 28, 3, (8, 4, 4))
    words = ["train", "tiny-cnn", "--data", str(colours), "--epochs", "1", "--set", "model.num_classes=4"]
    encoder = run_folder(tmp_path_factory, "colours", words)
    settings = {"data.name": own_captions, "data.image_size": 28, "model.encoder": encoder}
    return set_all({**settings, "model.units": 16, "training.batch_size": 8})


@pytest.fixture(scope="session")
def region_run(tmp_path_factory: pytest.TempPathFactory, region_settings: list[str]) -> Path:
    """A run of `caption-attention` with this encoder, which no test may change."""
    words = ["train", "caption-attention", *region_settings, "--epochs", "3", "--lr", "0.01"]
    return run_folder(tmp_path_factory, "regions", words)


@pytest.fixture(scope="session")
def own_speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 16, 4 and 4 clips with 8,000 samples per second, and one row that is left out."""
    return write_speech(tmp_path_factory.mktemp("own") / "tones")


@pytest.fixture(scope="session")
def small_speech_training(own_speech: Path) -> list[str]:
    """The arguments of a training of 6 steps with self-attention, masks and a schedule, without `--out`."""
    settings = {"model.units": 16, "model.blocks": 1, "model.mels": 16, "model.dropout": 0.1}
    masks = {"augmentation.time_masks": 2, "augmentation.time_mask_width": 5, "augmentation.noise": 0.05}
    words = ["train", "asr-attention", "--data", str(own_speech), *set_all(settings | masks)]
    return [*words, "--batch-size", "8", "--lr", "0.01", "--epochs", "3"]


@pytest.fixture(scope="session")
def whole_speech_run(tmp_path_factory: pytest.TempPathFactory, small_speech_training: list[str]) -> Path:
    """A finished run on clips, which no test may change."""
    return run_folder(tmp_path_factory, "speech [run]", small_speech_training)


@pytest.fixture
def trained_speech_run(whole_speech_run: Path, tmp_path: Path) -> Path:
    """A copy of a finished run on clips, which the test may change."""
    return Path(shutil.copytree(whole_speech_run, tmp_path / whole_speech_run.name))


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep even small arrays in files, and place a few rows of them at a time."""
    from kzoo.data import large_arrays

    monkeypatch.setattr(large_arrays, "RESIDENT_BYTES", 100)
    monkeypatch.setattr(large_arrays, "PART_BYTES", 350)


@pytest.fixture
def precision() -> Iterator[Callable[[str], None]]:
    """`precision("mixed_bfloat16")` sets Keras's policy until the test is over."""
    import keras

    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


QUICK = frozenset({"decoding", "features", "layers", "models", "tasks"})
"""The folders whose tests compile many small operations. Those of training and of the command line compile
what a user's machine compiles."""


@pytest.fixture(autouse=True)
def quick_compilation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Turn off JAX's optimisations for `QUICK`, which halves the time to compile."""
    if os.environ["KERAS_BACKEND"] != "jax" or request.path.parent.name not in QUICK:
        yield
        return
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
