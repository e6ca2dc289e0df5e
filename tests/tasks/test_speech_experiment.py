"""What is trained on and measured where the sources are sound."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.data.speech.speech_set import SPEECH_VOCABULARY
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.experiment import prepare
from kzoo.features.speech import spectrograms
from kzoo.layers import LogMelSpectrogram
from kzoo.metrics import similarity, transcription
from kzoo.symbols import EOS, SOS, UNK
from kzoo.tasks.sequences import decode_best
from kzoo.tasks.speech_predictor import SpeechPredictor

pytest.importorskip("rapidfuzz", reason="rapidfuzz is not installed")

A, B, C, SPACE, COMMA, STOP = SPEECH_VOCABULARY.encode("abc ,.")


def test_the_frames_are_those_of_the_clips(recogniser):
    experiment = recogniser()
    for name, split in experiment.data.splits.items():
        expected, _ = spectrograms(split.clips, LogMelSpectrogram(8_000, mels=6))
        np.testing.assert_array_equal(experiment.sources(name).values, expected)
    assert experiment.sources("train").lengths.tolist() == [3, 7, 11]  # a frame has a hop of 160 samples


def test_the_keys_of_the_recipe_reach_the_frames(recogniser, clips):
    samples = clips().train.clips
    other = recogniser(data__mel_rate=16_000)
    expected, _ = spectrograms(samples, LogMelSpectrogram(8_000, mel_rate=16_000, mels=6))
    np.testing.assert_array_equal(other.sources("train").values, expected)
    assert (other.sources("train").values != recogniser().sources("train").values).any()
    short = recogniser(data__max_frames=5)
    np.testing.assert_array_equal(short.sources("train").values, recogniser().sources("train").values[:, :5])
    assert recogniser(model__mels=4).sources("train").values.shape == (3, 11, 4)


def test_padding_that_is_heard_is_of_one_length(recogniser):
    experiment = recogniser(model__masked=False, data__max_frames=20)
    assert {clips.values.shape[1] for clips in experiment.clips.values()} == {20}
    np.testing.assert_array_equal(
        experiment.sources("train").values[:, :11], recogniser().sources("train").values
    )
    assert not experiment.sources("train").values[:, 11:].any()
    assert experiment.examples()(1).lengths[:, 0].tolist() == [20, 20, 20]
    assert experiment.sources("test").take(np.array([0]), 3).shape == (1, 20, 6)


def test_examples_are_frames_and_characters_with_start_and_end(recogniser):
    experiment = recogniser()
    examples = experiment.examples()(1)
    frames, targets = examples.arrays
    assert frames is experiment.sources("train").values
    assert targets.tolist() == [
        [SOS, A, B, C, EOS, 0],
        [SOS, B, COMMA, SPACE, A, EOS],
        [SOS, C, A, B, STOP, EOS],
    ]
    assert examples.lengths.tolist() == [[3, 4], [7, 5], [11, 5]]
    assert experiment.encode_targets("test")[0][2].tolist() == [SOS, C, A, UNK, B, EOS]


def test_a_batch_is_masked_where_it_was_drawn_and_padding_stays(recogniser):
    keys = {"time_masks": 1, "time_mask_width": 3, "frequency_masks": 2, "frequency_mask_width": 2}
    experiment = recogniser(**{f"augmentation__{key}": value for key, value in keys.items()})
    first, second = (experiment.examples()(epoch) for epoch in (1, 2))
    assert first.arrays[0] is second.arrays[0]
    frames, _, of_bins, of_time = first.arrays
    assert (of_time != second.arrays[3]).any()
    rows = np.array([2, 0], np.int32)
    tensors = [keras.ops.convert_to_tensor(array) for array in (*first.arrays, rows)]
    batch, _ = experiment.objective().batch(tensors[:-1], tensors[-1], [11, 5])
    heard = keras.ops.convert_to_numpy(batch["frames"])
    for row, clip in zip(rows, heard, strict=True):
        real = int(first.lengths[row, 0])
        expected = frames[row].copy()
        for spans, part in ((of_bins[row], expected[:real].T), (of_time[row], expected[:real])):
            mean = part.mean()
            for start, end in spans:
                part[start:end] = mean
        np.testing.assert_allclose(clip, expected[:11], atol=1e-6)


def test_what_is_remembered_of_the_data(recogniser):
    frames = {"rate": 8_000, "mel_rate": 8_000, "mels": 6, "longest": 2_754, "masked": True}
    assert recogniser().describe() == {"left_out": [], "rate": 8_000, "frames": frames}
    changed = recogniser(model__masked=False, model__mels=4, data__max_frames=9, data__mel_rate=16_000)
    assert changed.describe()["frames"] == {
        "rate": 8_000,
        "mel_rate": 16_000,
        "mels": 4,
        "longest": 9,
        "masked": False,
    }
    assert changed.describe()["left_out"] == ["3 clips cut to 0.2 s, 9 frames: 2, 2, 3"]
    limits = recogniser().limits
    assert (limits.start, limits.end, limits.length) == (SOS, EOS, 98)


def test_validation_is_the_smoothed_loss_and_the_figures_of_greedy_decoding(recogniser):
    experiment = recogniser("asr-attention", training__label_smoothing=0.2)
    model = experiment.create_model()
    measured = experiment.validator(model)()
    targets, lengths, owners = experiment.encode_targets("validation")
    assert owners.tolist() == [0, 1]
    log_p = model.predict_on_batch(
        {"frames": experiment.sources("validation").values, "target_ids": targets[:, :-1]}
    )
    losses = [
        -0.8 * log_p[row, t, targets[row, t + 1]] - 0.2 * log_p[row, t].mean()
        for row in range(2)
        for t in range(lengths[row])
    ]
    assert len(losses) == 3 + 6
    assert measured.pop("loss") == pytest.approx(np.mean(losses), rel=1e-4)
    decoded = experiment.decode([model], "validation", Decoding())
    predictions = decode_best(decoded, experiment.vocabulary)
    references = experiment.data.validation.texts
    texts = ["".join(row) for row in predictions]
    assert measured == {
        "jaccard": similarity.mean_similarity(similarity.jaccard, references, predictions),
        "ochiai": similarity.mean_similarity(similarity.ochiai, references, predictions),
        "damerau_levenshtein": similarity.mean_similarity(
            similarity.damerau_levenshtein_similarity, references, predictions
        ),
        "character_error_rate": transcription.character_error_rate(references, predictions),
        "word_error_rate": transcription.sentence_word_error_rate(["ab", "a cab"], texts),
    }


def test_the_figures_are_those_of_the_metrics(recogniser):
    experiment = recogniser()
    predictions = [tuple("bac"), tuple("b a"), tuple("cab"), ()]
    metrics = experiment.measure("test", [[row, ()] for row in predictions])
    references = experiment.data.test.texts
    assert references == (tuple("bac"), tuple("b b"), tuple("ca!b"), ("c",))
    assert metrics.items() >= experiment.metrics("test", predictions).items()
    assert (metrics["count"], metrics["exact_match"]) == (4, 0.25)
    assert metrics["character_error_rate"] == pytest.approx((1 + 1 + 1) / 11)
    assert metrics["word_error_rate"] == pytest.approx((1 + 1 + 1) / 5)
    heard = [tuple("bac"), tuple("b b"), ("c", "a", "<unk>", "b"), ("c",)]
    ochiai = similarity.similarities(similarity.ochiai, heard, predictions)
    assert metrics["intervals"]["ochiai"] == transcription.bootstrap_interval(ochiai)
    assert metrics["intervals"]["character_error_rate"] == transcription.bootstrap_interval(
        [0, 1, 1, 1], [3, 3, 4, 1]
    )
    assert list(experiment.sample_rows(predictions))[2:] == [("2", "ca!b", "cab"), ("3", "c", "")]


def test_similarities_are_those_of_symbols_and_error_rates_those_of_characters(recogniser):
    """What no symbol stands for cannot be written, and R004 compares what its symbols make of the text."""
    experiment = recogniser()
    numbers = map(SPEECH_VOCABULARY.encode, experiment.data.test.texts)
    metrics = experiment.metrics("test", list(map(SPEECH_VOCABULARY.decode, numbers)))
    assert [metrics[name] for name in ("jaccard", "ochiai", "damerau_levenshtein")] == [1, 1, 1]
    assert metrics["character_error_rate"] == pytest.approx(1 / 11)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [({"model__vocabulary": 36}, "model.vocabulary must be 35, the number of R004's symbols, not 36")],
)
def test_a_model_that_does_not_fit(recogniser, overrides, said):
    with pytest.raises(UsageError) as raised:
        recogniser(**overrides)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("image_size", 16, "data.image_size is not for clips"),
        ("min_count", 2, "data.min_count is not for clips"),
        ("stress", True, "data.stress is not for clips"),
        ("max_length", 98, "data.max_length must be 97 characters or less, not 98"),
    ],
)
def test_keys_that_do_not_go_with_clips_are_refused_before_they_are_read(recogniser, key, value, said):
    recipe = recogniser().recipe
    strange = recipe.model_copy(update={"data": recipe.data.model_copy(update={key: value})})
    with pytest.raises(UsageError) as raised:
        prepare(strange)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "overrides", [{"model__mels": 5}, {"data__mel_rate": 16_000}, {"data__max_frames": 9}]
)
def test_runs_are_decoded_together_only_where_they_hear_alike(recogniser, untrained_run, overrides):
    run, same = untrained_run(recogniser()), untrained_run(recogniser(training__seed=2))
    SpeechPredictor([run, same])
    with pytest.raises(UsageError, match=r"differ in data\.frames: they read different inputs"):
        SpeechPredictor([run, untrained_run(recogniser(**overrides))])
