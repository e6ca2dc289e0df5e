"""What a metric is: its name in files and in prose, its unit, and which way is better."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kzoo.errors import UsageError
from kzoo.names import suggestion

SPLITS = {"train": "training", "validation": "validation", "test": "test"}
"""The splits that a figure may be of, as its name and as prose have them."""


@dataclass(frozen=True)
class Metric:
    """A metric of a split.

    Args:
        name: in recipes, histories and metrics.json, after the split: `test_accuracy`.
        label: in tables and pictures.
        unit: what a value counts, per what.
        higher_is_better: whether more of it is better.
        published: what the reports call it, where that is another name.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool
    published: str = ""

    @property
    def axis(self) -> str:
        """The label of an axis."""
        return f"{self.label}, {self.unit}"

    @property
    def title(self) -> str:
        """The label, and in brackets what the reports call it."""
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
"""The metrics by name. Losses and error rates fall, the others rise."""

_FIGURE = re.compile(
    rf"(?P<best>best_)?(?P<split>{'|'.join(SPLITS)})_(?P<metric>\w+?)(?:_at_(?P<k>[1-9]\d*))?"
)


def is_metric(name: str) -> bool:
    """Whether a figure has this name."""
    found = _FIGURE.fullmatch(name)
    return found is not None and found["metric"] in METRICS


def find_metric(figure: str) -> Metric:
    """The metric of a figure, such as `test_accuracy`, `best_validation_loss` or `test_word_error_rate_at_3`.

    A figure `..._at_k` is that of the best of k sampled passes.

    Raises:
        UsageError: no figure has this name.
    """
    return _parse(figure)[1]


def label_of(figure: str) -> str:
    """A figure as a reader knows it: `test_word_error_rate_at_3` is "test word error rate@3"."""
    found, metric = _parse(figure)
    label = f"{SPLITS[found['split']]} {metric.label}"
    if figure == "train_loss":
        label += " of the last epoch"  # the reports' training loss is the running one
    return f"{'best ' if found['best'] else ''}{label}{'@' + found['k'] if found['k'] else ''}"


def unknown_metric(name: str) -> str:
    """What to say of a name that no figure has."""
    known = [f"{split}_{metric}" for split in SPLITS for metric in METRICS]
    return f"no figure is called {name!r}; {suggestion(name, known)}"


def _parse(figure: str) -> tuple[re.Match[str], Metric]:
    found = _FIGURE.fullmatch(figure)
    if found is None or not is_metric(figure):
        raise UsageError(unknown_metric(figure))
    return found, METRICS[found["metric"]]
