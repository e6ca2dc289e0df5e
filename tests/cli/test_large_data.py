"""Training, evaluation and prediction with data that are larger than the limit of memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from marks import once_but

FINISHED = {
    "small_training": "_trained",
    "small_pair_training": "_trained_pairs",
    "small_caption_training": "whole_caption_run",
    "small_speech_training": "whole_speech_run",
}
"""The finished run of each small training."""


def weights(run: Path) -> list[np.ndarray]:
    from kzoo.training.run import RunFolder

    return RunFolder(run).load_model("last").get_weights()


@pytest.mark.parametrize("arguments", once_but(["small_training"], FINISHED))
def test_a_run_on_large_data_is_the_run_on_small_data(kzoo, request, small_memory, tmp_path, arguments):
    before: Path = request.getfixturevalue(FINISHED[arguments])
    done = kzoo(*request.getfixturevalue(arguments), "--out", tmp_path / "run")
    assert done.exit_code == 0, done.stderr
    ours, theirs = (json.loads((run / "metrics.json").read_text()) for run in (tmp_path / "run", before))
    assert ours["test"] == theirs["test"]
    assert ours["data"]["sha256"] == theirs["data"]["sha256"]
    ours, theirs = weights(tmp_path / "run"), weights(before)
    assert len(ours) > 3
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.once
def test_large_regions_are_read_again_from_the_cache(
    kzoo, small_memory, region_run, region_settings, tmp_path
):
    words = ["train", "caption-attention", *region_settings, "--epochs", "3", "--lr", "0.01"]
    for name in ("computed", "cached"):
        done = kzoo(*words, "--out", tmp_path / name)
        assert done.exit_code == 0, done.stderr
        ours, theirs = (
            json.loads((run / "metrics.json").read_text())["test"] for run in (tmp_path / name, region_run)
        )
        assert ours == theirs
