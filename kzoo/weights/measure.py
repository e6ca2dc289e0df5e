"""Measured figures of a run's tested model, and their comparison to four digits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kzoo.tasks.opening import open_experiment
from kzoo.training.run import RunFolder

SPLITS = ("validation", "test")


def measure(run: RunFolder, data_dir: Path | None = None) -> dict[str, float]:
    """Measure the loss and the main metrics of a run's tested model on the validation and the test set.

    Sequence models decode greedily.

    Raises:
        DataError: the data found are not those that the run was trained on, or a file is damaged.
        MissingExtraError: a package that reads the data or computes a metric is not installed.
        KzooError: the published weights of the run's encoder could not be loaded.
    """
    experiment, model = open_experiment(run, data_dir), run.load_tested_model()
    found = {split: experiment.evaluate([model], split).metrics for split in SPLITS}
    return {
        f"{split}_{name}": found[split][name] for split in SPLITS for name in ("loss", *experiment.METRICS)
    }


def differences(measured: Mapping[str, float], expected: Mapping[str, float]) -> list[str]:
    """List the expected figures that differ from the measured ones in the first four digits, one line each.

    They differ if |measured - expected| > 0.00005, or if one is not a number.
    """
    return [
        f"{name} is {measured[name]:.4f}, not {value:.4f}"
        for name, value in expected.items()
        if not abs(measured[name] - value) <= 0.5e-4
    ]
