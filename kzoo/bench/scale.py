"""`python -m kzoo.bench.scale RECIPE COUNT`: train an epoch on generated examples."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from string import ascii_lowercase
from typing import Any

import numpy as np

from kzoo import runtime
from kzoo.bench.footprint import STATUS, status
from kzoo.bench.own_process import run_module
from kzoo.data.data_set import DataSet
from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.large_arrays import convert
from kzoo.data.origin import Origin
from kzoo.data.pairs.pair_set import PairSet, PairSplit
from kzoo.data.row_filter import DroppedRows
from kzoo.errors import UsageError
from kzoo.recipe import Recipe
from kzoo.tasks import experiment_type, kind, options_of

WARM_UP, HELD_OUT = 1_000, 10
"""The examples of the epoch that precedes the timed one and compiles, and those of validation and test."""

SAMPLED_EVERY = 0.02
"""The seconds between two readings of the memory in use."""

WORD_LENGTHS = 3, 13
"""The lengths of generated words, the second excluded."""


def measure(recipe: Recipe, count: int) -> dict[str, Any]:
    """Train an epoch on `count` generated examples in a process of its own.

    Returns:
        `examples`, the `seconds` of the epoch without compilation, and the peak `memory` in bytes. Parts of
        files that the system holds in memory do not count, since it gives them up when memory is short. The
        memory is None on a system other than Linux.

    Raises:
        UsageError: no examples can be generated for the model.
        KzooError: the process stopped.
    """
    check_generated(recipe)
    what = f"trains {recipe.name} on {count:,} examples"
    found: dict[str, Any] = json.loads(
        run_module("scale", recipe.model_dump_json(), str(count), what=what).splitlines()[-1]
    )
    return found


def check_generated(recipe: Recipe) -> None:
    """Raise UsageError if no examples can be generated for the model of a recipe."""
    if kind(recipe.model.name) not in GENERATED:
        raise UsageError(
            f"kzoo bench scale generates {' and '.join(GENERATED)}; "
            f"{recipe.model.name} is trained on {kind(recipe.model.name)}"
        )


def time_epoch(recipe: Recipe, count: int) -> dict[str, Any]:
    """Train an epoch on generated examples in this process, see `measure`."""
    from kzoo.training.feeding import STEPS_PER_CALL
    from kzoo.training.order import batches, epoch_order

    make = experiment_type(recipe.model.name)
    data = GENERATED[kind(recipe.model.name)](recipe, count)
    experiment = make(make.fit_model(recipe, data), data)
    with sampled_memory() as peak:
        examples, run = experiment.compile_steps(experiment.create_model())
        order = epoch_order(recipe.training, 1, examples)
        for rows in batches(order[:WARM_UP], recipe.training, STEPS_PER_CALL):
            run(rows)
        started = time.perf_counter()
        for rows in batches(order, recipe.training, STEPS_PER_CALL):
            run(rows)
        seconds = time.perf_counter() - started
    return {"examples": count, "seconds": seconds, "memory": peak()}


@contextmanager
def sampled_memory() -> Iterator[Callable[[], int | None]]:
    """Read the anonymous memory of this process at intervals, and yield a function that returns the peak."""
    found: list[int] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLED_EVERY):
            found.append(status("RssAnon"))

    if not STATUS.exists():
        yield lambda: None
        return
    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield lambda: max(found)
    finally:
        found.append(status("RssAnon"))
        over.set()
        sampler.join()


def _images(recipe: Recipe, count: int) -> ImageSet:
    """Generate images of random pixels."""
    options = options_of(recipe)
    shape, classes = tuple(options["input_shape"]), options["num_classes"]
    rng = np.random.default_rng(1)

    def split(size: int) -> Split:
        images = convert(
            np.arange(size),
            lambda rows: rng.integers(0, 256, (len(rows), *shape), np.uint8),
            shape,
            np.uint8,
            f"{size:,} images",
        )
        return Split(images, rng.integers(0, classes, size, np.int32))

    names = tuple(map(str, range(classes)))
    return ImageSet(split(count), split(HELD_OUT), split(HELD_OUT), names, origin=_ORIGIN)


def _pairs(recipe: Recipe, count: int) -> PairSet:
    """Generate pairs of random words."""
    rng = np.random.default_rng(1)

    def words(size: int) -> list[tuple[str, ...]]:
        letters = rng.choice(list(ascii_lowercase), (size, WORD_LENGTHS[1]))
        lengths = rng.integers(*WORD_LENGTHS, size)
        return [tuple(word[:length]) for word, length in zip(letters.tolist(), lengths, strict=True)]

    train, validation, test = (
        PairSplit.of(zip(words(size), words(size), strict=True)) for size in (count, HELD_OUT, HELD_OUT)
    )
    dropped = DroppedRows({}, ())
    return PairSet(train, validation, test, ("characters", "characters"), dropped, origin=_ORIGIN)


_ORIGIN = Origin("generated", "made by kzoo bench scale", stand_in=True)

GENERATED: dict[str, Callable[[Recipe, int], DataSet[Any]]] = {"images": _images, "pairs": _pairs}
"""The functions that generate a data set, by the kind of data."""


def main() -> None:
    """Time the recipe of the command line and print the result as JSON."""
    recipe, count = Recipe.model_validate_json(sys.argv[1]), int(sys.argv[2])
    assert recipe.runtime.backend is not None
    runtime.start(
        recipe.runtime.backend, precision=recipe.runtime.precision, batch_size=recipe.training.batch_size
    )
    print(json.dumps(time_epoch(recipe, count)))


if __name__ == "__main__":
    main()
