"""A race between the decoding of a run and plain PyTorch's with the same weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from kzoo.bench.laps import Contestant
from kzoo.bench.task import DecodingTask
from kzoo.bench.training import Answer, Report, as_side, load_of_machine


def race_decoding(task: DecodingTask, report: Report) -> Answer:
    """Race over rounds; figures ready for JSON.

    Four ways have the median sentences/s each: kzoo's greedy decoding and beam search, the reference's greedy
    decoding in batches and one sentence at a time. `ratios` are those of greedy decoding, round by round.
    The first round, which compiles, does not count.
    """
    facts = load_of_machine()
    with tempfile.TemporaryDirectory() as folder:
        task = task.model_copy(update={"handover": Path(folder)})
        with Contestant("zoo", "decode", task) as zoo:
            ours, prepared = as_side(zoo.lap()), zoo.lap()
            told = task.model_copy(update={name: prepared[name] for name in ("model", "options", "kind")})
            with Contestant("reference", "decode", told) as reference:
                theirs = as_side(reference.lap())
                reference.lap()
                seconds: dict[str, list[float]] = {}
                for number in range(1 + task.rounds):
                    for way, contestant in _WAYS.items():
                        lap = {"zoo": zoo, "reference": reference}[contestant].lap()["seconds"]
                        seconds.setdefault(way, []).append(lap)
                    laps = ", ".join(f"{way} {values[-1]:.2f} s" for way, values in seconds.items())
                    report(f"round {number}/{task.rounds}: {laps}")
    count = prepared["count"]
    single = min(task.single, count)
    counts = {way: single if way == "singly" else count for way in seconds}
    speeds = {way: [counts[way] / each for each in values[1:]] for way, values in seconds.items()}
    return {
        **facts,
        "data": prepared["data"],
        "model": prepared["model"],
        "beam": task.beam,
        "counts": counts,
        "kzoo": ours,
        "reference": theirs,
        "first_seconds": {way: values[0] for way, values in seconds.items()},
        "sentences_per_second": {way: median(values) for way, values in speeds.items()},
        "ratios": {
            way: [our / their for our, their in zip(speeds["greedy"], speeds[way], strict=True)]
            for way in ("batches", "singly")
        },
    }


_WAYS = {"greedy": "zoo", "beam": "zoo", "batches": "reference", "singly": "reference"}
"""The ways of decoding, in the order of a round, and whose they are."""
