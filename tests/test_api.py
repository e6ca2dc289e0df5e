"""The Python functions for trained models: what they return is what the commands print."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from kzoo import Decoding, Predictor, create_model, feature_extractor, load
from kzoo.errors import DataError, UsageError

FAMILIES = ("images", "pairs", "captions", "speech")
ONE_EACH = pytest.mark.parametrize("family", FAMILIES, indirect=True)


@dataclass(frozen=True)
class Family:
    """A run with its predictor, inputs as the command line takes them, the same inputs in memory, and the
    examples of the test split."""

    run: Path
    predictor: Predictor
    inputs: list[str]
    in_memory: list[Any]
    examples: list[tuple[Any, Any]]


def images(run: Path, predictor: Predictor, test: Any, folder: Path) -> Family:
    pixels = list(test.images[:3])
    for index, image in enumerate(pixels):
        Image.fromarray(image[..., 0]).save(folder / f"{index}.png")
    names = [str(folder / f"{index}.png") for index in range(3)]
    in_memory = [pixels[0], pixels[1][..., 0], Image.open(names[2])]
    classes = [predictor.vocabulary[label] for label in test.labels]
    return Family(run, predictor, names, in_memory, list(zip(test.images, classes, strict=True)))


def pairs(run: Path, predictor: Predictor, test: Any, folder: Path) -> Family:
    examples = [("".join(s), "".join(t)) for s, t in zip(test.sources, test.targets, strict=True)]
    texts = [source for source, _ in examples[:3]]
    return Family(run, predictor, texts, texts, examples)


def captions(run: Path, predictor: Predictor, test: Any, folder: Path) -> Family:
    files = list(map(str, test.images))
    in_memory = [np.asarray(Image.open(files[0])), Image.open(files[1]), Path(files[2])]
    several = [[" ".join(caption) for caption in captions] for captions in test.captions]
    return Family(run, predictor, files[:3], in_memory, list(zip(files, several, strict=True)))


def speech(run: Path, predictor: Predictor, test: Any, folder: Path) -> Family:
    soundfile = pytest.importorskip("soundfile")
    files = list(map(str, test.clips))
    stereo, rate = soundfile.read(files[1], dtype="int16")
    in_memory = [soundfile.read(files[0]), (np.stack([stereo, stereo], axis=1), rate), Path(files[2])]
    return Family(run, predictor, files[:3], in_memory, [*zip(files, map("".join, test.texts), strict=True)])


RUNS = {
    "images": ("_trained", images),
    "pairs": ("_trained_pairs", pairs),
    "captions": ("whole_caption_run", captions),
    "speech": ("whole_speech_run", speech),
}
"""The run of each family, which no test may change, and how its inputs are found."""


@pytest.fixture(scope="module")
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Family:
    fixture, find = RUNS[request.param]
    run = request.getfixturevalue(fixture)
    predictor = load(run)
    return find(run, predictor, predictor.open_experiment().data.test, tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def image_run(request: pytest.FixtureRequest) -> Path:
    """A run of a classifier, which no test may change."""
    return request.getfixturevalue(RUNS["images"][0])


@ONE_EACH
def test_predictions_are_those_of_the_command_in_files_and_in_memory(kzoo, family):
    predictor, inputs = family.predictor, family.inputs
    told = json.loads(kzoo("predict", family.run, *inputs, "--top", 2, "--json").stdout)
    together = predictor.predict(inputs, top=2)
    assert [predictor.to_json(prediction) for prediction in together] == told
    for prediction, in_memory in zip(together, predictor.predict(family.in_memory, top=2), strict=True):
        assert in_memory.answers == prediction.answers
    for source, prediction in zip(inputs, together, strict=True):
        alone = predictor.predict(source, top=2)
        assert [answer.text for answer in alone.answers] == [answer.text for answer in prediction.answers]
        expected = [answer.score for answer in prediction.answers]
        np.testing.assert_allclose([answer.score for answer in alone.answers], expected, rtol=1e-4)


@ONE_EACH
def test_metrics_are_those_of_the_command_for_a_split_and_for_its_examples(kzoo, family):
    told = json.loads(kzoo("evaluate", family.run, "--json").stdout)
    found = family.predictor.evaluate("test")
    assert json.loads(json.dumps(found.metrics)) == told
    own = family.predictor.evaluate(family.examples)
    assert own.metrics.pop("data")["sizes"] == {"train": 0, "validation": 0, "test": told["count"]}
    del told["data"]
    assert json.loads(json.dumps(own.metrics)) == told
    assert [each["hypothesis"] for each in own.hypotheses] == [
        each["hypothesis"] for each in found.hypotheses
    ]


@ONE_EACH
def test_attention_is_over_the_parts_of_the_input(family):
    predictor, source = family.predictor, family.inputs[0]
    if family.run.name == "small [run]":
        with pytest.raises(UsageError, match="tiny-cnn has no attention: it is a classifier"):
            predictor.attention(source)
        return
    attention = predictor.attention(source)
    target = [token for token in attention.target if token != "end"]
    assert "".join(target) == predictor.predict(source).answers[0].text.replace(" ", "")
    assert attention.weights.shape == (len(attention.target), len(attention.source))
    np.testing.assert_allclose(attention.weights.sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_array_equal(predictor.attention(family.in_memory[0]).weights, attention.weights)


@ONE_EACH
def test_what_is_no_input_is_one_line(family):
    predictor, reads = (
        family.predictor,
        f"{family.predictor.recipe.model.name} reads {family.predictor.FORMS}",
    )
    with pytest.raises(UsageError, match=reads):
        predictor.predict(3)
    good, strange = predictor.predict([family.inputs[0], {"a": 1}])
    assert good.error is None
    assert isinstance(strange.error, UsageError)
    for examples in ([], family.inputs, [(family.inputs[0], 3)]):
        with pytest.raises(UsageError):
            predictor.evaluate(examples)
    with pytest.raises(UsageError, match="no split is called 'tset'; did you mean 'test'"):
        predictor.evaluate("tset")
    with pytest.raises(UsageError, match="top must be 1 or more, not 0"):
        predictor.predict(family.inputs, top=0)
    with pytest.raises(UsageError):
        predictor.predict(family.inputs, decoding="bema")


@pytest.mark.parametrize("family", ["images"], indirect=True)
@pytest.mark.parametrize(
    "array", [np.zeros((28, 28)), np.zeros((3, 28, 28), np.uint8), np.zeros(9, np.uint8)]
)
def test_arrays_that_are_no_image(family, array):
    with pytest.raises(UsageError, match=r"an array of shape .* is not an image: expected \(height, width\)"):
        family.predictor.predict(array)
    with pytest.raises(DataError, match=r"none\.png does not exist"):
        family.predictor.predict("none.png")
    with pytest.raises(UsageError, match="no class is called 'brich'"):
        family.predictor.evaluate([(family.inputs[0], "brich")])


@pytest.mark.parametrize("family", ["images"], indirect=True)
def test_an_array_of_four_dimensions_holds_several_images(family):
    several = np.stack([image for image, _ in family.examples[:3]])
    assert [prediction.answers for prediction in family.predictor.predict(several)] == [
        prediction.answers for prediction in family.predictor.predict(family.inputs)
    ]


@pytest.mark.parametrize("family", ["speech"], indirect=True)
@pytest.mark.parametrize(
    ("recording", "error"),
    [
        ((np.zeros((2, 2, 2)), 8_000), UsageError),
        ((np.zeros(99, np.uint8), 8_000), UsageError),
        ((np.zeros(99), 0), UsageError),
        ((np.zeros(0), 8_000), DataError),
        ((np.full(99, np.nan), 8_000), DataError),
    ],
)
def test_arrays_that_are_no_sound(family, recording, error):
    with pytest.raises(error):
        family.predictor.predict(recording)


@pytest.mark.parametrize("family", ["pairs"], indirect=True)
def test_runs_are_decoded_together_by_any_method(kzoo, family):
    together, words = load(family.run, family.run), ["--with", family.run, "--decoding", "beam", "--json"]
    told = json.loads(kzoo("predict", family.run, "abc", *words).stdout)
    for decoding in ("beam", Decoding("beam")):
        assert [together.to_json(together.predict("abc", decoding))] == told
    assert together.evaluate(family.examples).metrics["runs"] == 2 * [str(family.run)]


@ONE_EACH
def test_the_vocabulary_holds_what_the_model_reads_and_writes(family):
    found = family.predictor.vocabulary
    if isinstance(found, tuple):
        assert found == ("ash", "[birch]", "cedar", "dogwood")
        return
    assert {*family.predictor.attention(family.inputs[0]).target} - {"end"} <= {*found.target.tokens, "<unk>"}
    assert (found.source is None) == (family.predictor.recipe.model.name != "nmt-bilinear")


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        (["none"], {}, "none is not a run folder"),
        (["RUN"], {"checkpoint": "lats"}, "no checkpoint is called 'lats'; did you mean 'last'"),
        (["RUN"], {"backend": "pytorch"}, "no backend is called 'pytorch'; did you mean 'torch'"),
        (["RUN", "PAIRS"], {}, "is for runs of image classification"),
    ],
)
def test_what_cannot_be_loaded(image_run, trained_pair_run, words, options, said):
    runs = {"RUN": image_run, "PAIRS": trained_pair_run}
    with pytest.raises(UsageError, match=said):
        load(*(runs.get(word, word) for word in words), **options)


def test_keras_stays_on_its_backend(image_run):
    other = "jax" if keras.backend.backend() == "torch" else "torch"
    pytest.importorskip(other)
    with pytest.raises(UsageError, match="choose the backend before importing it"):
        load(image_run, backend=other)
    policy = keras.config.dtype_policy()
    load(image_run)
    assert keras.config.dtype_policy() == policy


@pytest.mark.parametrize("place", ["", "last.keras", "best.keras"])
def test_a_model_with_the_weights_of_a_run(image_run, place):
    model = create_model("tiny-cnn", weights=image_run / place)
    trained = load(image_run, checkpoint=place.removesuffix(".keras") or None).model
    for ours, theirs in zip(model.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_that_do_not_fit(image_run):
    with pytest.raises(UsageError, match="has the weights of tiny-cnn, not of mlp"):
        create_model("mlp", weights=image_run)
    with pytest.raises(
        UsageError, match=r"do not fit tiny-cnn with filters=5: they begin to differ at conv1/"
    ):
        create_model("tiny-cnn", weights=image_run, filters=5)
    with pytest.raises(UsageError, match="did you mean 'tiny-cnn'"):
        create_model("tiny-cn", weights=image_run)
    with pytest.raises(UsageError, match="is not a run folder"):
        create_model("tiny-cnn", weights=image_run / "recipe.yaml")


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("tiny-cnn", 968),
        ("fashion-cnn", 120),
        ("cnn-bn", 1024),
        ("nmt-bilinear", 128),
        ("asr-attention", 200),
    ],
)
def test_the_features_are_what_the_last_matrix_maps_to_classes_or_tokens(name, width):
    assert feature_extractor(create_model(name, seed=1)).output_shape[-1] == width


def test_the_features_of_a_layer(image_run):
    predictor = load(image_run)
    model, images = predictor.model, np.random.default_rng(1).random((2, 28, 28, 1), np.float32)
    whole, flat = (part.predict(images, verbose=0) for part in (model, feature_extractor(predictor)))
    kernel, bias = model.get_layer("fc1").get_weights()
    logits = feature_extractor(model, layer="fc1").predict(images, verbose=0)
    np.testing.assert_allclose(logits, flat @ kernel + bias, rtol=1e-4, atol=1e-5)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(whole), expected, rtol=1e-4)
    said = r"has no layer called 'cnv1'; did you mean 'conv1'\? known: image, conv1, conv1_relu"
    with pytest.raises(UsageError, match=said):
        feature_extractor(predictor, layer="cnv1")


@pytest.mark.parametrize("family", ["pairs"], indirect=True)
def test_a_layer_that_is_called_elsewhere_too_has_features(family):
    """Decoding and attention have called the layers of the encoder again."""
    family.predictor.attention("abc")
    inputs = {"source_ids": np.array([[4, 5]], np.int32), "target_ids": np.array([[1]], np.int32)}
    features = feature_extractor(family.predictor, layer="encoder").predict(inputs, verbose=0)
    assert features[0].shape == (1, 2, 16)
