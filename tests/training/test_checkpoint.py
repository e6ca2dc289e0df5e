from __future__ import annotations

import errno
import shutil

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzoo.errors import DataError
from kzoo.training.checkpoint import KEPT, load_checkpoint, save_checkpoint
from kzoo.training.loop import Listener, fit
from kzoo.training.optimizers import create_optimizer
from kzoo.training.progress import Progress


@pytest.fixture(scope="module")
def start(stateful_model, training):
    """`start(seed)` is a model, its optimiser and where it stands."""

    def build(seed: int = 1, optimizer: str = "adam", units: int = 3):
        model = stateful_model(seed, units)
        built = create_optimizer(training(optimizer=optimizer))
        built.build(model.trainable_variables)
        return model, built

    return build


def bits(model: keras.Model, optimizer: keras.Optimizer) -> list[bytes]:
    variables = [*model.variables, *optimizer.variables]
    return [keras.ops.convert_to_numpy(variable).tobytes() for variable in variables]


@pytest.fixture(scope="module")
def _saved(start, training, noise, image_experiment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints") / "saved"
    model, optimizer = start()
    progress, states = Progress(), {}

    def keep(row):
        save_checkpoint(folder, model, optimizer, progress)
        states[progress.epoch] = (bits(model, optimizer), progress.to_json())

    experiment = image_experiment(training(epochs=3), noise(24))
    parts = experiment.objective(), experiment.recipe.training, experiment.examples()
    validate, listener = experiment.validator(model), Listener(lambda *_: None, keep)
    fit(model, optimizer, *parts, validate, experiment.criterion, progress, listener)
    return folder, states


@pytest.fixture
def saved(_saved, tmp_path):
    """A folder with the checkpoints of three epochs, and the bits and the progress at each epoch's end."""
    folder, states = _saved
    return shutil.copytree(folder, tmp_path / "saved"), states


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "schedule": "one_cycle"},
        {"optimizer": "rmsprop", "momentum": 0.9, "clip_norm": 0.1},
        {"optimizer": "adam", "weight_decay": 0.1, "decay_biases": False, "averaging": 0.9, "warmup": 0.4},
        {"optimizer": "sgd", "momentum": 0.9, "accumulation": 3},
        {"optimizer": "adam", "accumulation": 4, "schedule": "cosine", "averaging": 0.9},
    ],
    ids=lambda settings: " ".join(map(str, settings.values())),
)
def test_a_resumed_training_ends_with_the_bits_of_an_uninterrupted_one(
    stateful_model, training, noise, image_experiment, tmp_path, settings
):
    """Three epochs of two steps, resumed after each, so with gradients left in the accumulators."""
    experiment = image_experiment(training(epochs=3, **settings), noise(24))
    ends = []
    for stops in (False, True):
        folder, epochs = tmp_path / f"{stops}", 0
        while epochs < 3:
            model = stateful_model(seed=1 if epochs == 0 else 2)
            optimizer = experiment.create_optimizer(model)
            progress = load_checkpoint(folder, model, optimizer)
            epochs = epochs + 1 if stops else 3
            parts = experiment.objective(), training(epochs=epochs), experiment.examples()
            listener = Listener(lambda *_: None, lambda row: None)
            fit(model, optimizer, *parts, lambda: {}, experiment.criterion, progress, listener)
            save_checkpoint(folder, model, optimizer, progress)
        ends.append(bits(model, optimizer))
    assert ends[0] == ends[1]


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_bit_comes_back(saved, start):
    folder, states = saved
    model, optimizer = start(seed=2)
    assert bits(model, optimizer) != states[3][0]
    progress = load_checkpoint(folder, model, optimizer)
    assert bits(model, optimizer) == states[3][0]
    assert progress.to_json() == states[3][1]
    assert states[2][0] != states[3][0]


def test_all_that_a_step_changes_is_kept(saved):
    """The weights, the moving averages, the counters of the dropouts and Adam's moments had all moved."""
    folder, _ = saved
    before, after = (np.load(folder / f"epoch-0000{epoch}.npz") for epoch in (2, 3))
    moved = {key for key in after.files if not np.array_equal(before[key], after[key])}
    assert set(after.files) - moved == {"optimizer-0001"}  # the learning rate


def test_the_last_two_are_kept(saved):
    assert KEPT == 2
    assert names(saved[0]) == ["epoch-00002.npz", "epoch-00003.npz"]


@pytest.mark.parametrize("fault", ["empty", "half", "garbage", "npy", "text", "missing array"])
def test_a_torn_checkpoint_gives_way_to_the_one_before(saved, start, fault):
    folder, states = saved
    newest = folder / "epoch-00003.npz"
    whole = newest.read_bytes()
    if fault == "npy":
        with newest.open("wb") as file:
            np.save(file, np.arange(3))
    elif fault == "missing array":
        np.savez(newest, **{"model-0000": np.zeros(3)})
    else:
        newest.write_bytes(
            {
                "empty": b"",
                "half": whole[: len(whole) // 2],
                "garbage": b"\x93\x01" * 400,
                "text": b"epoch 3",
            }[fault]
        )
    model, optimizer = start(seed=2)
    assert load_checkpoint(folder, model, optimizer).to_json() == states[2][1]
    assert bits(model, optimizer) == states[2][0]


def test_any_damage_is_seen(saved, start):
    """Cut anywhere, or one byte changed anywhere: either nothing was lost, or the one before is taken."""
    folder, states = saved
    newest = folder / "epoch-00003.npz"
    whole = newest.read_bytes()
    model, optimizer = start(seed=2)

    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255), st.booleans())
    def damage(place, change, cut):
        tail = b"" if cut else bytes([whole[place] ^ change]) + whole[place + 1 :]
        newest.write_bytes(whole[:place] + tail)
        epoch = load_checkpoint(folder, model, optimizer).epoch
        assert epoch == 2 if cut else epoch in (2, 3)
        assert bits(model, optimizer) == states[epoch][0]

    damage()


def test_with_every_checkpoint_torn_training_starts_afresh(saved, start):
    folder, _ = saved
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    model, optimizer = start(seed=2)
    before = bits(model, optimizer)
    assert load_checkpoint(folder, model, optimizer) == Progress()
    assert bits(model, optimizer) == before


def test_without_a_folder_training_starts_afresh(start, tmp_path):
    assert load_checkpoint(tmp_path / "none", *start()) == Progress()


@pytest.mark.parametrize("other", [{"units": 4}, {"optimizer": "sgd"}])
def test_a_checkpoint_of_another_model_is_refused(saved, start, other):
    model, optimizer = start(**other)
    before = bits(model, optimizer)
    with pytest.raises(DataError, match=r"epoch-00003\.npz is a checkpoint of another model"):
        load_checkpoint(saved[0], model, optimizer)
    assert bits(model, optimizer) == before


def test_a_full_disk_leaves_the_old_checkpoints_and_nothing_else(saved, start, monkeypatch, tmp_path):
    folder, _ = saved
    model, optimizer = start(seed=2)
    progress = load_checkpoint(folder, model, optimizer)
    progress.record(1.0, 1, {"loss": 1.0, "accuracy": 0.5}, 0.1)
    original = np.savez

    def half(path, **arrays):
        original(path, **arrays)
        with path.open("rb+") as file:
            file.truncate(500)
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = shutil.copytree(folder, tmp_path / "kept")
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", half)
        with pytest.raises(OSError, match="No space left"):
            save_checkpoint(folder, model, optimizer, progress)
    assert names(folder) == names(kept)
    assert all((folder / name).read_bytes() == (kept / name).read_bytes() for name in names(kept))
    save_checkpoint(folder, model, optimizer, progress)
    assert names(folder) == ["epoch-00003.npz", "epoch-00004.npz"]


def test_what_is_no_checkpoint_is_left_alone(saved, start):
    folder, _ = saved
    for name in (".epoch-00009.77.npz", "epoch-best.npz", "notes.txt"):
        (folder / name).write_text("mine")
    model, optimizer = start(seed=2)
    progress = load_checkpoint(folder, model, optimizer)
    assert progress.epoch == 3
    progress.record(1.0, 1, {"loss": 1.0, "accuracy": 0.5}, 0.1)
    save_checkpoint(folder, model, optimizer, progress)
    assert {".epoch-00009.77.npz", "epoch-best.npz", "notes.txt"} < set(names(folder))
