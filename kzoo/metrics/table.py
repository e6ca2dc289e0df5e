"""The table of metrics: their names, labels, units and directions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kzoo.errors import UsageError
from kzoo.names import suggestion

SPLITS = {"train": "training", "validation": "validation", "test": "test"}
"""The splits that a metric is measured on: prefix of the metric's name, and label."""


@dataclass(frozen=True)
class Metric:
    """A metric that is measured on a split.

    Args:
        name: the name in recipes, histories and metrics.json, where the split precedes it: `test_accuracy`.
        label: the label in tables and pictures.
        unit: the unit of a value.
        higher_is_better: whether a higher value is better.
        published: the name in the reports, if they use another one.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool
    published: str = ""

    @property
    def axis(self) -> str:
        """The label of a plot's axis."""
        return f"{self.label}, {self.unit}"

    @property
    def title(self) -> str:
        """The label, followed in brackets by the reports' name if it differs."""
        return f"{self.label} ({self.published})" if self.published else self.label


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("loss", "loss", "mean of the epoch", False),
        Metric("loss_running", "loss", "mean since epoch 1", False),
        Metric("accuracy", "accuracy", "share of images", True),
        Metric("error_rate", "error rate", "edits a character, mean over sequences", False),
        Metric("character_error_rate", "character error rate", "edits a character", False, "CER"),
        Metric("word_error_rate", "word error rate", "errors a word", False, "WER"),
        Metric("exact_match", "exact match", "share of sequences", True),
        *(Metric(f"bleu_{n}", f"BLEU-{n}", "mean over images", True) for n in (1, 2, 3, 4)),
        Metric("corpus_bleu_4", "corpus BLEU-4", "all images together", True),
        Metric("jaccard", "Jaccard", "similarity, mean over clips", True),
        Metric("ochiai", "Ochiai", "similarity, mean over clips", True, "cosine"),
        Metric("damerau_levenshtein", "Damerau-Levenshtein", "similarity, mean over clips", True),
    )
}
"""The metrics by name. Lower is better for losses and error rates, higher for the others."""

_FIGURE = re.compile(
    rf"(?P<best>best_)?(?P<split>{'|'.join(SPLITS)})_(?P<metric>\w+?)(?:_at_(?P<k>[1-9]\d*))?"
)


def is_metric(name: str) -> bool:
    """Return whether this is the name of a metric of a split, such as `test_accuracy`."""
    found = _FIGURE.fullmatch(name)
    return found is not None and found["metric"] in METRICS


def find_metric(figure: str) -> Metric:
    """Return the metric of a name such as `test_accuracy`, `best_validation_loss` or `test_jaccard_at_3`.

    The suffix `_at_k` stands for the best of k sampled passes.

    Raises:
        UsageError: no metric has this name.
    """
    return _parse(figure)[1]


def label_of(figure: str) -> str:
    """Return the label of a name: `test_word_error_rate_at_3` gives "test word error rate@3"."""
    found, metric = _parse(figure)
    label = f"{SPLITS[found['split']]} {metric.label}"
    if figure == "train_loss":
        label += " of the last epoch"  # in the reports "training loss" means the running loss
    return f"{'best ' if found['best'] else ''}{label}{'@' + found['k'] if found['k'] else ''}"


def unknown_metric(name: str) -> str:
    """Return the error message for an unknown name of a metric."""
    known = [f"{split}_{metric}" for split in SPLITS for metric in METRICS]
    return f"no metric is called {name!r}; {suggestion(name, known)}"


def _parse(figure: str) -> tuple[re.Match[str], Metric]:
    found = _FIGURE.fullmatch(figure)
    if found is None or not is_metric(figure):
        raise UsageError(unknown_metric(figure))
    return found, METRICS[found["metric"]]
