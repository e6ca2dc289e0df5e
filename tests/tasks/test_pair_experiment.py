"""What is trained on and measured where both sides are sequences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kzoo.data.vocabulary import Vocabulary
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.experiment import prepare
from kzoo.metrics import transcription
from kzoo.symbols import EOS, SOS
from kzoo.tasks.sequences import decode_all
from kzoo.tasks.text_predictor import TextPredictor
from kzoo.tasks.vocabularies import SOURCE_VOCABULARY, load_vocabulary

PASSES = [
    [tuple("yxz"), tuple("zzz")],
    [tuple("yy"), tuple("y")],
    [(), tuple("zyz")],
    [tuple("xyxzxxx"), tuple("xxx")],
]
"""Two predictions for each pair of the test split."""


def test_the_figures_are_those_of_the_metrics(experiment):
    pairs = experiment()
    references, first = pairs.data.test.targets, [row[0] for row in PASSES]
    metrics = pairs.measure("test", PASSES)
    distances = transcription.edit_distances(references, first)
    lengths = np.array([3, 1, 2, 4])
    np.testing.assert_array_equal(distances, [0, 1, 2, 3])
    assert metrics == {
        "count": 4,
        "error_rate": transcription.error_rate(references, first),
        "character_error_rate": transcription.character_error_rate(references, first),
        "word_error_rate": transcription.word_error_rate(references, first),
        "exact_match": transcription.exact_match(references, first),
        "word_error_rate_at_2": 0.5,
        "intervals": {
            "error_rate": transcription.bootstrap_interval(distances / lengths),
            "character_error_rate": transcription.bootstrap_interval(distances, lengths),
            "word_error_rate": transcription.bootstrap_interval(distances > 0),
        },
    }
    assert metrics["error_rate"] == pytest.approx((1 + 1 + 3 / 4) / 4)
    assert metrics["character_error_rate"] == pytest.approx(6 / 10)
    assert metrics["word_error_rate"] == 1 - metrics["exact_match"] == 0.75


def test_one_pass_has_no_rate_at_1(experiment):
    assert not [key for key in experiment().measure("test", [row[:1] for row in PASSES]) if "_at_" in key]


def test_the_vocabularies_are_those_of_the_training_split_and_fit_the_model(experiment):
    pairs = experiment()
    assert pairs.source_vocabulary == Vocabulary(tuple("abc"))
    assert pairs.vocabulary == Vocabulary(tuple("xyz"))
    assert pairs.recipe.model.options["source_vocabulary"] == 7
    model = pairs.create_model()
    assert model.output_shape[-1] == pairs.recipe.model.options["target_vocabulary"] == 7


def test_a_vocabulary_may_be_larger_than_the_data_but_not_smaller(experiment, word_set):
    assert experiment(model__source_vocabulary=20).recipe.model.options["source_vocabulary"] == 20
    with pytest.raises(
        UsageError, match=r"words has 7 tokens, the model has 6: --set model\.source_vocabulary=7"
    ):
        experiment(model__source_vocabulary=6)


@pytest.mark.parametrize("size", [6, 8])
def test_what_is_written_must_be_a_token(experiment, size):
    message = rf"words has 7 tokens, the model has {size}: --set model\.target_vocabulary=7"
    with pytest.raises(UsageError, match=message):
        experiment(model__target_vocabulary=size)


def test_targets_longer_than_those_of_the_reports_can_be_written(experiment, untrained_run, word_set):
    assert experiment().limits.length == 50
    words = word_set("words", ("characters", "characters"))
    train = words.train
    longer = replace(train, targets=(*train.targets[:-1], train.targets[0] * 25))
    trained = experiment(replace(words, train=longer))
    assert trained.describe()["longest"] == trained.longest == 25 * len(train.targets[0]) > 50
    assert trained.limits.length == trained.longest + 1
    assert TextPredictor([untrained_run(trained)]).limits == trained.limits


def test_examples_are_ids_with_start_and_end(experiment):
    pairs = experiment()
    examples = pairs.examples()(1)
    sources, targets = examples.arrays
    np.testing.assert_array_equal(sources, [[4, 5, 6, 0], [5, 4, 0, 0], [6, 6, 4, 5]])
    np.testing.assert_array_equal(targets, [[SOS, 4, 5, 4, EOS], [SOS, 5, 4, EOS, 0], [SOS, 6, 4, EOS, 0]])
    np.testing.assert_array_equal(examples.lengths, [[3, 4], [2, 3], [4, 3]])
    assert pairs.examples()(2).arrays[0].tolist() == sources.tolist()


def test_augmented_sources_differ_by_epoch_and_come_again_with_it(experiment, word_set):
    rng = np.random.default_rng(1)
    train = [("".join(rng.choice(list("abc"), 8)), "xyz") for _ in range(40)]
    data = word_set(words=(train, train[:1], train[:1]))
    plain, draw = experiment(data).examples()(1), experiment(data, augmentation__tokens=0.3).examples()
    first, second, again = draw(1), draw(2), draw(1)
    np.testing.assert_array_equal(first.arrays[0], again.arrays[0])
    for one, other in ((first, second), (first, plain)):
        assert one.arrays[0].shape != other.arrays[0].shape or (one.arrays[0] != other.arrays[0]).any()
        np.testing.assert_array_equal(one.arrays[1], other.arrays[1])
    np.testing.assert_array_equal(first.lengths[:, 0], np.count_nonzero(first.arrays[0], axis=1))
    assert first.arrays[0].max() < 7


def test_validation_is_the_loss_of_the_true_tokens_and_the_rates_of_greedy_decoding(experiment):
    pairs = experiment()
    model = pairs.create_model()
    measured = pairs.validator(model)()
    sources, targets = [[4, 5, 0], [6, 4, 5]], [[SOS, 4, 5, EOS, 0], [SOS, 6, 4, 5, EOS]]
    inputs = {"source_ids": np.array(sources, np.int32), "target_ids": np.array(targets, np.int32)[:, :-1]}
    log_p = np.asarray(model.predict_on_batch(inputs))
    losses = [-log_p[row, t, targets[row][t + 1]] for row, steps in ((0, 3), (1, 4)) for t in range(steps)]
    assert measured.pop("loss") == pytest.approx(np.mean(losses), rel=1e-5)
    decoded = pairs.decode([model], "validation", Decoding())
    (first, *_), (second, *_) = decode_all(decoded, pairs.vocabulary)
    references, predictions = [tuple("xy"), tuple("zxy")], [first, second]
    assert measured == {
        "error_rate": transcription.error_rate(references, predictions),
        "character_error_rate": transcription.character_error_rate(references, predictions),
        "word_error_rate": transcription.word_error_rate(references, predictions),
    }


def test_the_vocabularies_of_runs_together_must_be_the_same(experiment, untrained_run, word_set):
    runs = [untrained_run(experiment()), untrained_run(experiment(training__seed=2))]
    assert load_vocabulary(runs, SOURCE_VOCABULARY) == experiment().source_vocabulary
    assert load_vocabulary(runs) == experiment().vocabulary
    other = word_set(words=([("abd", "x")], [("a", "x")], [("a", "x")]))
    stranger = untrained_run(experiment(other))
    with pytest.raises(UsageError, match="have different vocabularies") as raised:
        TextPredictor([*runs, stranger])
    assert str(stranger.path) in str(raised.value)


def test_evaluation_takes_the_model_that_the_recipe_says_is_tested(experiment, untrained_run):
    pairs = experiment(training__tested_epoch="best")
    run = untrained_run(pairs)
    run.save_model(experiment(training__seed=3).create_model(), "best")
    split = pairs.data.test
    test = [(*map("".join, pair),) for pair in zip(split.sources, split.targets, strict=True)]
    told = TextPredictor([run]).evaluate(test).metrics
    measured = pairs.evaluate([run.load_model("best")], "test").metrics
    assert {key: told[key] for key in measured} == {**measured, "data": told["data"]}
    assert (told["checkpoint"], told["split"], told["count"]) == ("best", "test", 4)
    assert told["runs"] == [str(run.path)]
    assert told["decoding"] == {"method": "greedy"}


def test_data_of_another_kind_are_refused_before_they_are_read(experiment):
    recipe = experiment().recipe
    cut = recipe.model_copy(update={"data": recipe.data.model_copy(update={"test_cut": True})})
    with pytest.raises(UsageError, match=r"data\.test_cut is not for pairs"):
        prepare(cut)
