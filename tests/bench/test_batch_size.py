"""The search for a batch size, with invented speeds, clocks and workers."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kzoo import runtime
from kzoo.bench import batch_size, doubling
from kzoo.bench.batch_size import GAIN, STEPS, double_while_faster, find_batch_size
from kzoo.bench.task import BatchSizeTask
from kzoo.bench.timed_worker import KilledError, TimedWorker
from kzoo.errors import KzooError, UsageError
from kzoo.recipe import load_recipe
from kzoo.training.engines import engine
from kzoo.training.examples import Examples


@pytest.mark.parametrize("first", [1, 3, 8, 64])
@pytest.mark.parametrize("doublings", [0, 1, 5])
def test_the_peak_of_the_speed_is_found(first, doublings):
    peak = first * 2**doublings
    speeds = double_while_faster(first, 10**6, lambda size: 100.0 * min(size, peak))
    assert list(speeds) == [first * 2**power for power in range(doublings + 1)]
    assert max(speeds, key=speeds.__getitem__) == peak


def test_a_size_is_taken_only_where_it_gains_enough():
    speeds = {8: 100.0, 16: 100 * GAIN, 32: 100 * GAIN * 1.04, 64: 1e9}
    assert list(double_while_faster(8, 1000, speeds.__getitem__)) == [8, 16]


@pytest.mark.parametrize("limit", [0, 7, 8, 15, 16, 100, 128])
def test_no_size_but_the_first_exceeds_the_limit(limit):
    measured = []

    def measure(size):
        measured.append(size)
        return float(size)

    assert double_while_faster(8, limit, measure).keys() == set(measured)
    assert measured == [8, *(size for size in (16, 32, 64, 128) if size <= limit)]


def test_the_last_size_that_fits_into_memory_is_taken():
    assert list(double_while_faster(8, 10**6, lambda size: size if size <= 32 else None)) == [8, 16, 32]
    with pytest.raises(UsageError, match="8 examples do not fit into memory: give a smaller --batch-size"):
        double_while_faster(8, 10**6, lambda size: None)


def test_the_error_of_the_backend_is_known_where_memory_runs_out():
    with pytest.raises(Exception, match=r"(?i)memory|OOM") as caught:
        np.asarray(keras.ops.ones((2**46,)))
    assert engine().is_out_of_memory(caught.value)
    assert not engine().is_out_of_memory(RuntimeError("shapes differ"))


class _Clock:
    """A machine on which a call takes `call` seconds, a step `step` seconds, and the first call a minute."""

    def __init__(self, call: float, step: float) -> None:
        self.now, self.calls, self._call, self._step = 0.0, [], call, step

    def train_on(self, rows: np.ndarray) -> None:
        self.now += self._call + self._step * len(rows) + (0 if self.calls else 60)
        self.calls.append(len(rows))


@pytest.mark.parametrize("step", [1e-6, 1e-3, 1.0])
def test_the_speed_is_that_without_compilation(step):
    clock = _Clock(0.0, step)
    speed = doubling.examples_per_second(clock.train_on, np.zeros((STEPS, 32), int), lambda: clock.now)
    assert speed == pytest.approx(32 / step)
    least, most = doubling.CALLS
    assert least <= len(clock.calls) - 2 <= most
    assert max(clock.calls) <= 128


def test_a_call_of_a_fast_model_has_as_many_steps_as_that_of_a_run():
    clock = _Clock(0.01, 1e-5)
    doubling.examples_per_second(clock.train_on, np.zeros((STEPS, 4), int), lambda: clock.now)
    assert clock.calls[-1] > STEPS


def test_the_sampled_batches_are_spread_over_the_lengths():
    training = load_recipe("tiny-cnn", {"training.batch_size": 4}).training
    training = training.model_copy(update={"batch_by_length": True})
    examples = Examples((np.arange(640),), np.arange(640, dtype=np.int32)[:, None])
    rows = doubling.sample_batches(examples, training)
    assert rows.shape == (STEPS, 4)
    assert examples.lengths[rows].mean() == pytest.approx(320, rel=0.05)


def test_a_small_set_gives_its_batches_repeatedly():
    training = load_recipe("tiny-cnn", {"training.batch_size": 4}).training
    assert doubling.sample_batches(Examples.of_fixed_size(np.zeros(10)), training).shape == (STEPS, 4)
    assert doubling.sample_batches(Examples.of_fixed_size(np.zeros(3)), training).shape == (STEPS, 3)


@pytest.fixture
def workers(monkeypatch):
    """`workers(speeds, example_count)` invents workers; it returns the sizes that each measured."""

    def invent(speeds, example_count):
        started = []

        class Worker(SimpleNamespace):
            def __init__(self, name, race, task):
                super().__init__(size=task.recipe.training.batch_size, measured=[], is_open=False)
                started.append(self)

            def __enter__(self):
                assert not any(worker.is_open for worker in started)
                self.is_open = True
                return self

            def __exit__(self, *error):
                self.is_open = False

            def time(self):
                if not hasattr(self, "ready"):
                    self.ready = True
                    return {"examples": example_count}
                self.measured.append(self.size)
                speed, self.size = speeds(self.size), 2 * self.size
                return {"examples_per_second": speed}

        monkeypatch.setattr(batch_size, "TimedWorker", Worker)
        return started

    return invent


def task(first: int) -> BatchSizeTask:
    recipe = load_recipe("tiny-cnn", {"training.batch_size": first})
    return BatchSizeTask(recipe=recipe, data_dir=None, require_data=False)


@pytest.mark.parametrize(
    ("first", "sides"),
    [(16, [[16, 32, 64], [128, 256]]), (48, [[48], [96, 192]]), (100, [[100, 200]])],
)
def test_sizes_with_other_threads_are_measured_in_another_process(workers, first, sides):
    started = workers(float, 256 * STEPS)
    assert list(find_batch_size(task(first))) == [size for side in sides for size in side]
    assert [worker.measured for worker in started] == sides
    assert all(max(side) <= runtime.SMALL_BATCH or min(side) > runtime.SMALL_BATCH for side in sides)
    assert not any(worker.is_open for worker in started)


def test_a_worker_that_is_killed_has_no_memory(workers):
    def speeds(size):
        if size > 16:
            raise KilledError("killed")
        return float(size)

    workers(speeds, 10**6)
    assert list(find_batch_size(task(8))) == [8, 16]


@pytest.mark.parametrize(("end", "kind"), [("kill", KilledError), ("terminate", KzooError)])
def test_a_killed_worker_is_told_from_one_that_failed(end, kind):
    with TimedWorker("doubling", "batch_size", task(8)) as worker:
        getattr(worker._process, end)()
        worker._process.wait()
        with pytest.raises(KzooError, match="stopped with code -") as caught:
            worker.time()
    assert caught.type is kind
