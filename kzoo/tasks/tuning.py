"""The choice of a decoding method on the validation split."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras

from kzoo.decoding.options import Decoding
from kzoo.metrics.table import Metric
from kzoo.tasks.sequences import SequenceExperiment, decode_best
from kzoo.training.run import RunFolder


@dataclass(frozen=True)
class Trial:
    """A decoding method that was measured on the validation split.

    Args:
        runs: the run, or the runs of the ensemble, whose models were decoded.
        decoding: the method.
        metrics: the main metrics of the task, of the first hypothesis of each source.
        seconds: the duration of decoding, compilation included.
    """

    runs: tuple[RunFolder, ...]
    decoding: Decoding
    metrics: dict[str, float]
    seconds: float

    @property
    def cost(self) -> int:
        """The number of sequences that the models extend, all together, for each source."""
        return len(self.runs) * self.decoding.beams


def try_decodings(
    experiment: SequenceExperiment,
    runs: Sequence[RunFolder],
    models: Sequence[keras.Model],
    decodings: Sequence[Decoding],
) -> Iterator[Trial]:
    """Measure decoding methods on the validation split with the first run and, if there are more, with all.

    Each method is compiled once.

    Args:
        experiment: the experiment of the first run.
        runs: the run of the experiment, and the others of the ensemble.
        models: the model of each run.
        decodings: the methods.
    """
    for count in sorted({1, len(runs)}):
        for decoding in decodings:
            started = time.perf_counter()
            decoded = experiment.decode(models[:count], "validation", decoding)
            seconds = time.perf_counter() - started
            metrics = experiment.metrics("validation", decode_best(decoded, experiment.vocabulary))
            yield Trial(tuple(runs[:count]), decoding, metrics, seconds)


def best_trial(trials: Sequence[Trial], criterion: Metric) -> Trial:
    """Return the trial that is best by a metric: of equally good ones the cheapest, else the first."""
    sign = -1 if criterion.higher_is_better else 1
    return min(trials, key=lambda trial: (sign * trial.metrics[criterion.name], trial.cost))
