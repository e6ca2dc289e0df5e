"""Which weights of another run fit a model."""

from __future__ import annotations

import numpy as np
import pytest

from kzoo.data.vocabulary import SPECIALS, Vocabulary
from kzoo.recipe import ModelSection
from kzoo.registry import abstract_model
from kzoo.training.initial import Fit, fit_weights

OLD, NEW = Vocabulary(("a", "b", "c")), Vocabulary(("b", "c", "d", "e"))


def section(name: str, **options) -> ModelSection:
    return ModelSection(name=name, **options)


def weights_of(model: ModelSection) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {
        weight.path: rng.normal(size=weight.shape).astype("float32")
        for weight in abstract_model(model.name, **model.options).weights
    }


def classifier(outputs: int, classes: tuple[str, ...], name: str = "cnn-bn") -> tuple[Fit, dict]:
    """Fit the weights of `cnn-bn`, trained on two classes, to a model."""
    found = weights_of(section("cnn-bn", num_classes=2))
    theirs, ours = {"num_classes": ("cat", "dog")}, {"num_classes": classes}
    return fit_weights(found, theirs, section(name, num_classes=outputs), ours), found


def assert_taken(fit: Fit, found: dict[str, np.ndarray], paths: set[str]) -> None:
    assert set(fit.arrays) == paths
    for path, array in fit.arrays.items():
        np.testing.assert_array_equal(array, found[path], err_msg=path)


@pytest.mark.parametrize(
    ("outputs", "classes", "reason"),
    [
        (3, ("cat", "dog", "eel"), "of shape (1024, 3), the run's (1024, 2)"),
        (2, ("cat", "eel"), "the run has other classes"),
    ],
)
def test_the_outputs_of_other_classes_are_drawn(outputs, classes, reason):
    fit, found = classifier(outputs, classes)
    assert_taken(fit, found, set(found) - {"fc2/kernel", "fc2/bias"})
    assert fit.drawn.keys() == {"fc2/kernel", "fc2/bias"}
    assert fit.drawn["fc2/kernel"] == reason
    assert not fit.partly


def test_all_weights_of_the_same_classes_are_taken():
    fit, found = classifier(2, ("cat", "dog"))
    assert_taken(fit, found, set(found))
    assert not fit.drawn


def test_what_the_other_model_lacks_is_drawn():
    fit, found = classifier(2, ("cat", "dog"), "cnn")
    assert_taken(fit, found, {f"conv{index}/{part}" for index in (1, 2, 3) for part in ("kernel", "bias")})
    reasons = {
        "fc1/kernel": "of shape (4608, 1024), the run's (128, 1024)",
        "fc1/bias": "its layer does not fit",
        "fc3/bias": "the run has none",
    }
    assert fit.drawn | reasons == fit.drawn


def test_nothing_of_another_family_fits():
    ours = {"source_vocabulary": NEW, "target_vocabulary": NEW}
    found, theirs = weights_of(section("cnn-bn")), {"num_classes": ("cat", "dog")}
    fit = fit_weights(found, theirs, section("nmt"), ours)
    assert (fit.arrays, fit.partly) == ({}, {})
    assert set(fit.drawn.values()) == {"the run has none"}


def rows_by_token(array: np.ndarray, size: int) -> np.ndarray:
    """Put the row of each token that OLD and NEW share in its place, with NaN for the others."""
    old, new = (*SPECIALS, *OLD.tokens), (*SPECIALS, *NEW.tokens)
    rows = [array[old.index(token)] if token in old else np.full(array.shape[1:], np.nan) for token in new]
    rows += [np.full(array.shape[1:], np.nan)] * (size - len(new))
    return np.array(rows, "float32")


@pytest.mark.parametrize("tied", [True, False])
def test_the_rows_of_the_same_tokens_are_taken(tied):
    """The source vocabulary of the new model has two rows more than there are tokens."""
    options = {"units": 6, "tied": tied}
    found = weights_of(section("nmt", source_vocabulary=len(OLD), target_vocabulary=len(OLD), **options))
    model = section("nmt", source_vocabulary=len(NEW) + 2, target_vocabulary=len(NEW), **options)
    old, new = ({"source_vocabulary": each, "target_vocabulary": each} for each in (OLD, NEW))
    fit = fit_weights(found, old, model, new)
    sizes = {"source_embedding/embeddings": len(NEW) + 2, "target_embedding/embeddings": len(NEW)}
    labelled = {path for path in found if len(OLD) in found[path].shape}
    assert labelled > sizes.keys()
    assert fit.partly == {path: f"6 of {sizes.get(path, len(NEW))} tokens" for path in labelled}
    assert not fit.drawn
    for path, array in found.items():
        expected = array
        if path in labelled:
            axis = array.shape.index(len(OLD))
            rows = rows_by_token(np.moveaxis(array, axis, 0), sizes.get(path, len(NEW)))
            expected = np.moveaxis(rows, 0, axis)
        np.testing.assert_array_equal(fit.arrays[path], expected, err_msg=path)


def test_equal_vocabularies_take_all():
    sizes = {"source_vocabulary": len(NEW), "target_vocabulary": len(NEW)}
    model, labels = section("nmt", units=6, **sizes), dict.fromkeys(sizes, NEW)
    found = weights_of(model)
    fit = fit_weights(found, labels, model, labels)
    assert_taken(fit, found, set(found))
    assert not fit.partly


def test_tokens_of_the_same_number_are_not_mixed_up():
    """A table of the same shape whose rows stand for other tokens."""
    old, new = (Vocabulary(tuple(text)) for text in ("abc", "bcd"))
    model = section("caption", vocabulary=len(old), features=3)
    found = weights_of(model)
    fit = fit_weights(found, {"vocabulary": old}, model, {"vocabulary": new})
    table, taken = found["target_embedding/embeddings"], fit.arrays["target_embedding/embeddings"]
    row = len(SPECIALS)
    np.testing.assert_array_equal(taken[row : row + 2], table[row + 1 : row + 3])
    assert np.isnan(taken[row + 2]).all()
    assert fit.partly.keys() == {"target_embedding/embeddings", "output/kernel", "output/bias"}
