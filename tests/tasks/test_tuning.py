"""The choice of a decoding method on the validation split."""

from __future__ import annotations

from pathlib import Path

import pytest
from marks import once_but

from kzoo.decoding.options import Decoding
from kzoo.metrics.table import METRICS
from kzoo.tasks.tuning import Trial, best_trial, try_decodings
from kzoo.training.run import RunFolder

GREEDY, BEAM = Decoding(), Decoding("beam", beam=3, length_penalty=0.6)
NUCLEUS = Decoding("nucleus", temperature=2.0)


@pytest.mark.parametrize("family", once_but(["experiment"], ["experiment", "captioner", "recogniser"]))
def test_every_method_is_measured_as_evaluate_measures_it(request, untrained_run, family):
    fitting = request.getfixturevalue(family)()
    run, grid = untrained_run(fitting), [GREEDY, BEAM]
    models = [run.load_model("last")]
    trials = list(try_decodings(fitting, [run], models, grid))
    assert [trial.decoding for trial in trials] == grid
    for trial in trials:
        evaluated = fitting.evaluate(models, "validation", trial.decoding).metrics
        assert trial.metrics == {name: evaluated[name] for name in fitting.METRICS}
        assert trial.seconds > 0


def test_several_runs_are_measured_alone_and_together(experiment, untrained_run):
    pairs = experiment()
    runs = [untrained_run(pairs), untrained_run(experiment(training__seed=2))]
    models = [run.load_model("last") for run in runs]
    first, second, *together = try_decodings(pairs, runs, models, [GREEDY, NUCLEUS])
    assert first.runs == second.runs == (runs[0],)
    assert [(trial.runs, trial.decoding) for trial in together] == [
        (tuple(runs), GREEDY),
        (tuple(runs), NUCLEUS),
    ]
    evaluated = pairs.evaluate(models, "validation", NUCLEUS).metrics
    assert together[1].metrics.items() <= evaluated.items()


def test_only_the_validation_split_is_read(experiment, untrained_run, monkeypatch):
    pairs = experiment()
    run, read = untrained_run(pairs), set()
    for method in ("sources", "targets", "references", "metrics", "measure"):
        original = getattr(type(pairs), method)

        def note(self, split, *others, original=original):
            read.add(split)
            return original(self, split, *others)

        monkeypatch.setattr(type(pairs), method, note)
    list(try_decodings(pairs, [run], [run.load_model("last")], [GREEDY]))
    assert read == {"validation"}


def trial(decoding: Decoding, value: float, models: int = 1) -> Trial:
    runs = tuple(RunFolder(Path(f"run {number}")) for number in range(models))
    return Trial(runs, decoding, {"bleu_4": value, "error_rate": value}, seconds=1.0)


@pytest.mark.parametrize(("criterion", "best"), [("bleu_4", 0.9), ("error_rate", 0.1)])
def test_the_best_is_that_of_the_criterion(criterion, best):
    trials = [trial(GREEDY, 0.5), trial(NUCLEUS, 0.1), trial(BEAM, 0.9)]
    assert best_trial(trials, METRICS[criterion]).metrics[criterion] == best


def test_of_equally_good_ones_the_one_that_extends_the_fewest_sequences_is_best():
    dear, cheap = trial(BEAM, 0.5), trial(GREEDY, 0.5, models=2)
    assert best_trial([dear, cheap], METRICS["error_rate"]) is cheap
    first, second = trial(GREEDY, 0.5), trial(NUCLEUS, 0.5)
    assert best_trial([dear, first, second], METRICS["bleu_4"]) is first
