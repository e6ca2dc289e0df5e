"""What is known about metrics, in the one place that recipes, training, verdicts and pictures read."""

from __future__ import annotations

import pytest

from kzoo.errors import UsageError
from kzoo.metrics.table import METRICS, SPLITS, find_metric, is_metric, label_of
from kzoo.recipe import list_recipes, load_recipe
from kzoo.reproduction.table import list_tables, load_table
from kzoo.tasks import TASKS

LOWER = {"loss", "loss_running", "error_rate", "character_error_rate", "word_error_rate"}


def test_losses_and_error_rates_fall_and_the_others_rise():
    assert {name for name, metric in METRICS.items() if not metric.higher_is_better} == LOWER


@pytest.mark.parametrize("name", METRICS)
def test_a_figure_is_a_metric_of_a_split(name):
    for split in SPLITS:
        for figure in (f"{split}_{name}", f"best_{split}_{name}", f"{split}_{name}_at_12"):
            assert is_metric(figure)
            assert find_metric(figure) is METRICS[name]
            assert METRICS[name].label in label_of(figure)


@pytest.mark.parametrize(
    "figure", ["accuracy", "test_", "test_accuracies", "best_accuracy", "test_loss_at_0", ""]
)
def test_another_name_is_no_figure(figure):
    assert not is_metric(figure)
    with pytest.raises(UsageError, match="no metric is called"):
        find_metric(figure)


def test_a_mistake_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'test_accuracy'"):
        find_metric("test_acuracy")


def test_every_published_figure_and_every_criterion_is_a_metric():
    published = [
        recipe.published.figures for name in list_recipes() if (recipe := load_recipe(name)).published
    ]
    tables = [load_table(name) for name in list_tables()]
    published += [row.published for table in tables for row in table.rows]
    assert all(is_metric(figure) for figures in published for figure in figures)
    assert all(task.criterion in METRICS for task in TASKS.values())


def test_labels_as_a_reader_knows_them():
    assert label_of("train_loss") == "training loss of the last epoch"
    assert label_of("best_validation_character_error_rate") == "best validation character error rate"
    assert METRICS["ochiai"].title == "Ochiai (cosine)"
    assert METRICS["loss_running"].axis == "loss, mean since epoch 1"
