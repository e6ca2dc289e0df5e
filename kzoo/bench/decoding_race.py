"""A race between kzoo and plain PyTorch that decode with the same weights."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from kzoo.bench.machine import Report
from kzoo.bench.peers import STUDENT, THREADS, name_side
from kzoo.bench.reference import OWN_TWINS
from kzoo.bench.task import DecodingTask
from kzoo.bench.timed_worker import TimedWorker
from kzoo.bench.training_race import Answer, Sides, as_side, timing_ratios

OUR_WAYS, THEIR_WAYS = ("greedy", "beam"), ("batches", "singly")
"""The ways of decoding in the order of their timings: kzoo's, and PyTorch's, which are greedy decoding in
batches and one sentence at a time."""


def race_decoding(task: DecodingTask, report: Report) -> Answer:
    """Race the decoding over several rounds, and return the measurements, ready for JSON.

    `students` has a side for each number of PyTorch's threads. `kzoo` and each of these sides have, for each
    way of decoding, the seconds of the first round, which compiles and does not count, the seconds of the
    other rounds, and the median sentences/s. `compared` has, for each way of PyTorch, the `threads` and
    `sentences_per_second` of its fastest side, the `ratio` of kzoo's greedy speed to it, and the `ratios` of
    the rounds.
    """
    ours, students, prepared = _race(task, report)
    count = prepared["count"]
    counts = {way: min(task.single, count) if way == "singly" else count for way in (*OUR_WAYS, *THEIR_WAYS)}
    for side in (ours, *students):
        rounds = side.pop("timings")
        side["first_seconds"] = {way: timings[0] for way, timings in rounds.items()}
        side["round_seconds"] = {way: timings[1:] for way, timings in rounds.items()}
        side["sentences_per_second"] = {
            way: counts[way] / median(timings) for way, timings in side["round_seconds"].items()
        }
    return {
        **{key: prepared[key] for key in ("data", "recipe", "model", "changed")},
        "beam": task.beam,
        "counts": counts,
        "against": str(task.against or OWN_TWINS),
        "kzoo": ours,
        "students": students,
        "compared": {way: _compare(ours, students, way, counts) for way in THEIR_WAYS},
    }


def _compare(ours: Answer, students: Sides, way: str, counts: dict[str, int]) -> Answer:
    """Compare kzoo's greedy decoding with PyTorch's fastest side in one way, per sentence."""
    fastest = max(students, key=lambda side: side["sentences_per_second"][way])
    speed, share = fastest["sentences_per_second"][way], counts[way] / counts["greedy"]
    ratios = timing_ratios(ours["round_seconds"]["greedy"], fastest["round_seconds"][way])
    return {
        "threads": fastest["threads"],
        "sentences_per_second": speed,
        "ratio": ours["sentences_per_second"]["greedy"] / speed,
        "ratios": [ratio / share for ratio in ratios],
    }


def _race(task: DecodingTask, report: Report) -> tuple[Answer, Sides, Answer]:
    """Have all workers decode in turn; return kzoo's side, PyTorch's sides, and the facts of the task."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        task = task.model_copy(update={"handover": Path(folder)})
        zoo = stack.enter_context(TimedWorker("zoo", "decode", task))
        ours, prepared = as_side(zoo.time()), zoo.time()
        told = {name: prepared[name] for name in ("model", "options", "kind")}
        running = [("kzoo", zoo, ours | {"timings": {way: [] for way in OUR_WAYS}})]
        for threads in THREADS[STUDENT]:
            theirs = task.model_copy(update=told | {"threads": threads})
            student = stack.enter_context(TimedWorker(STUDENT, "decode", theirs))
            side = as_side(student.time()) | {"timings": {way: [] for way in THEIR_WAYS}}
            student.time()
            running.append((name_side(STUDENT, side), student, side))
        for number in range(1 + task.rounds):
            report(f"round {number}/{task.rounds}: {', '.join(_decode(*entry) for entry in running)}")
    ours, *students = (side for _, _, side in running)
    return ours, students, prepared


def _decode(name: str, worker: TimedWorker, side: Answer) -> str:
    """Have a worker decode in each of its ways, and return a text with the times."""
    for timings in side["timings"].values():
        timings.append(worker.time()["seconds"])
    return f"{name} {', '.join(f'{way} {timings[-1]:.2f} s' for way, timings in side['timings'].items())}"
