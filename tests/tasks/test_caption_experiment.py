"""What is trained on and measured where the targets are captions of images."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from kzoo.data.captions.caption_set import read_images
from kzoo.data.vocabulary import Vocabulary
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.experiment import outline, prepare
from kzoo.features.encoders import Encoder
from kzoo.metrics.bleu import corpus_bleu, mean_sentence_bleu, sentence_bleu
from kzoo.metrics.transcription import bootstrap_interval
from kzoo.symbols import EOS, SOS, UNK
from kzoo.tasks import captions
from kzoo.tasks.caption_predictor import CaptionPredictor
from kzoo.tasks.sequences import decode_best

pytest.importorskip("sacrebleu", reason="sacrebleu is not installed")

WORDS = ("a", "below", "blue", "red", "square")


@pytest.fixture
def pooled(monkeypatch):
    """The encoder called "pooled": the mean colours of an image's four quarters."""

    def encode(images):
        count, height, width, channels = images.shape
        quarters = images.reshape(count, 2, height // 2, 2, width // 2, channels).mean(axis=(2, 4))
        return (quarters.reshape(count, 4, channels) / 256).astype(np.float32)

    monkeypatch.setattr(captions, "open_encoder", lambda name: Encoder(encode, 3, 12, f"{name} 1"))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_words_are_those_of_the_training_captions_and_fit_the_model(captioner, scenes):
    experiment = captioner()
    assert experiment.vocabulary == Vocabulary(WORDS)
    assert experiment.recipe.model.options["vocabulary"] == 9
    assert experiment.create_model().output_shape[-1] == 9
    rare = captioner(data=scenes(min_count=3))
    assert rare.vocabulary == Vocabulary(("a", "red", "square"))
    targets, _, _ = rare.encode_targets("train")
    assert targets[3].tolist() == [SOS, UNK, EOS] + [0] * 6  # "blue" is there twice


def test_each_caption_is_an_example_about_its_image(captioner):
    experiment = captioner()
    of_epoch = experiment.examples()
    examples = of_epoch(1)
    images, targets, owners = examples.arrays
    assert (images.shape, images.dtype) == ((3, 16, 16, 3), np.uint8)
    np.testing.assert_array_equal(images, read_images(experiment.data.train, range(3), (16, 16)))
    assert owners.tolist() == [0, 0, 1, 2, 2, 2]
    a, below, blue, red, square = range(4, 9)
    assert targets[:2].tolist() == [[SOS, a, red, square, EOS, 0, 0, 0, 0], [SOS, red, EOS, *[0] * 6]]
    assert targets[2].tolist() == [SOS, a, blue, square, below, a, red, square, EOS]
    assert examples.lengths.tolist() == [[4], [2], [8], [2], [3], [3]]
    assert len(examples) == experiment.example_count == 6
    assert of_epoch(2) is examples


def test_a_batch_has_the_image_of_each_caption(captioner):
    experiment = captioner()
    arrays = experiment.examples()(1).arrays
    inputs, after = experiment.objective().batch(arrays, np.array([5, 0, 2]), [4])
    image, before = (keras.ops.convert_to_numpy(inputs[name]) for name in ("image", "target_ids"))
    np.testing.assert_array_equal(image, arrays[0][[2, 0, 1]] / np.float32(256))
    np.testing.assert_array_equal(before, arrays[1][[5, 0, 2], :4])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(after), arrays[1][[5, 0, 2], 1:5])


def test_a_schedule_is_as_long_as_there_are_captions(captioner):
    experiment = captioner(training__batch_size=2, training__epochs=5)
    assert outline(experiment)["cost"] == {
        "trainable parameters": sum(map(np.size, experiment.create_model().trainable_weights)),
        "steps an epoch": 3,
        "steps": 15,
    }


@pytest.mark.usefixtures("pooled")
def test_a_frozen_encoder_makes_the_regions_and_says_how_many_features(captioner, tmp_path):
    experiment = captioner(model__encoder=str(tmp_path))
    assert experiment.recipe.model.options["features"] == 3
    assert experiment.create_model().input["regions"].shape == (None, None, 3)
    regions = experiment.sources("test")
    assert regions.values.shape == (4, 4, 3)
    pixels = read_images(experiment.data.test, range(4), (16, 16))
    np.testing.assert_allclose(regions.values[:, 0], pixels[:, :8, :8].mean(axis=(1, 2)) / 256, rtol=1e-5)
    assert experiment.examples()(1).arrays[0] is experiment.images["train"]
    inputs, _ = experiment.objective().batch(experiment.examples()(1).arrays, np.array([3]), [4])
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(inputs["regions"])[0], experiment.images["train"][2]
    )
    assert outline(experiment)["reads"] == {
        "sha256": experiment.data.sha256(),
        "encoder": f"{tmp_path} 1",
        "image_size": 16,
    }
    default = captioner(model__encoder=str(tmp_path), data__image_size=None)
    assert (default.image_size, default.describe()["image_size"]) == (12, 12)


def test_what_is_remembered_of_the_data(captioner):
    experiment = captioner()
    assert experiment.describe() == {
        "left_out": [],
        "longest": 7,
        "image_size": 16,
        "encoder": "conv",
    }
    assert captioner(data__image_size=None).describe()["image_size"] == 64
    assert (experiment.limits.start, experiment.limits.end, experiment.limits.length) == (SOS, EOS, 9)


def test_validation_is_the_loss_of_all_captions_and_the_bleu_of_greedy_decoding(captioner, monkeypatch):
    monkeypatch.setattr(captions, "BATCH", 2)  # three captions are two batches
    experiment = captioner("caption-attention", training__label_smoothing=0.1)
    model = experiment.create_model()
    measured = experiment.validator(model)()
    targets, lengths, owners = experiment.encode_targets("validation")
    assert (targets.shape, owners.tolist()) == ((3, 5), [0, 1, 1])
    images = read_images(experiment.data.validation, owners, (16, 16)) / np.float32(256)
    log_p = model.predict_on_batch({"image": images, "target_ids": targets[:, :-1]})
    losses = [-log_p[row, t, targets[row, t + 1]] for row in range(3) for t in range(lengths[row])]
    assert len(losses) == 3 + 4 + 3
    assert measured.pop("loss") == pytest.approx(np.mean(losses), rel=1e-5)  # nothing of it is smoothed
    decoded = experiment.decode([model], "validation", Decoding())
    predictions = decode_best(decoded, experiment.vocabulary)
    references = experiment.data.validation.captions
    assert measured == {
        "bleu_1": mean_sentence_bleu(references, predictions, 1),
        "bleu_4": mean_sentence_bleu(references, predictions, 4),
    }


def test_the_figures_are_those_of_the_metrics(captioner):
    experiment = captioner()
    predictions = [("red",), ("a", "blue", "square", "below"), (), ("a", "red", "square", "below")]
    references = experiment.data.test.captions
    metrics = experiment.measure("test", [[row, ()] for row in predictions])
    of_each = [sentence_bleu(*row) for row in zip(references, predictions, strict=True)]
    assert of_each[3] == 1
    corpus = corpus_bleu(references, predictions)
    assert metrics == {
        "count": 4,
        **{f"bleu_{order}": mean_sentence_bleu(references, predictions, order) for order in (1, 2, 3, 4)},
        "corpus_bleu_4": corpus.score,
        "corpus_bleu_signature": corpus.signature,
        "intervals": {"bleu_4": bootstrap_interval(of_each)},
    }
    assert list(experiment.sample_rows(predictions))[1:3] == [
        ("1.png", "a blue square", "a blue square below"),
        ("2.png", "blue", ""),
    ]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"model__vocabulary": 190}, "need model.vocabulary=9, the recipe has 190: leave it out"),
        ({"model__encoder": "resnet"}, "no encoder is called 'resnet'"),
        ({"data__image_size": 7}, "data.image_size must be 8 or more, not 7"),
    ],
)
def test_a_model_that_does_not_fit(captioner, overrides, said):
    with pytest.raises(UsageError) as raised:
        captioner(**overrides)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("pooled")
def test_features_of_another_encoder(captioner, tmp_path):
    with pytest.raises(UsageError, match=r"need model\.features=3, the recipe has 512: leave it out"):
        captioner(model__encoder=str(tmp_path), model__features=512)


@pytest.mark.parametrize(
    ("key", "value"), [("test_cut", True), ("stress", True), ("mel_rate", 8_000), ("source_tokens", "spaces")]
)
def test_keys_of_other_data_are_refused_before_they_are_read(captioner, key, value):
    recipe = captioner().recipe
    strange = recipe.model_copy(update={"data": recipe.data.model_copy(update={key: value})})
    with pytest.raises(UsageError, match=rf"data\.{key} is not for captioned images"):
        prepare(strange)


def test_runs_are_decoded_together_only_where_they_read_alike(captioner, scenes, untrained_run):
    run, same = untrained_run(captioner()), untrained_run(captioner(training__seed=2))
    CaptionPredictor([run, same])
    larger = untrained_run(captioner(data__image_size=24))
    with pytest.raises(UsageError, match=r"differ in data\.image_size: they read different inputs") as raised:
        CaptionPredictor([run, larger])
    assert str(larger.path) in str(raised.value)
    stranger = untrained_run(captioner(data=replace(scenes(), min_count=3)))
    with pytest.raises(UsageError, match="have different vocabularies"):
        CaptionPredictor([run, stranger])
