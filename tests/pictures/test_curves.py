import numpy as np
import pytest
from matplotlib.colors import to_rgb

from kzoo.errors import UsageError
from kzoo.metrics.table import METRICS
from kzoo.pictures.curves import curves

ACCURACY, CER, BLEU = (METRICS[name] for name in ("accuracy", "character_error_rate", "bleu_4"))

NAN = float("nan")


def history(loss, accuracy):
    epochs = list(range(1, len(loss) + 1))
    return {
        "epoch": epochs,
        "train_loss": loss,
        "train_loss_running": [value + 1 for value in loss],
        "validation_loss": loss,
        "validation_accuracy": accuracy,
    }


def pair_history(loss, error_rate):
    rows = history(loss, error_rate)
    rates = rows.pop("validation_accuracy")
    return rows | {
        "validation_error_rate": rates,
        "validation_character_error_rate": [rate / 2 for rate in rates],
        "validation_word_error_rate": [1.0] * len(rates),
    }


RUNS = {
    "first": history([2.0, 1.0, 0.5], [0.3, 0.8, 0.7]),
    "second, drawn stand-in": history([3.0, 2.5], [0.2, 0.4]),
}


def line(axes, label):
    (found,) = [line for line in axes.get_lines() if line.get_label() == label]
    return found


def stars(axes):
    return [line for line in axes.get_lines() if line.get_marker() == "*"]


def test_each_panel_draws_each_run():
    loss_axes, accuracy_axes = curves(RUNS, ACCURACY).axes
    for label, run in RUNS.items():
        for axes, column in ((loss_axes, "train_loss"), (accuracy_axes, "validation_accuracy")):
            np.testing.assert_array_equal(line(axes, label).get_xdata(), run["epoch"])
            np.testing.assert_array_equal(line(axes, label).get_ydata(), run[column])


def test_panels_say_what_they_show():
    figure = curves(RUNS, ACCURACY, title="Adam")
    loss_axes, accuracy_axes = figure.axes
    assert figure.get_suptitle() == "Adam"
    assert (loss_axes.get_title(), loss_axes.get_xlabel()) == ("Training loss", "epoch")
    assert loss_axes.get_ylabel() == "loss, mean of the epoch"
    assert (accuracy_axes.get_title(), accuracy_axes.get_ylabel()) == (
        "Validation accuracy",
        "accuracy, share of images",
    )


def test_the_reports_running_loss_is_drawn_on_demand_and_named():
    loss_axes = curves(RUNS, ACCURACY, running=True).axes[0]
    np.testing.assert_array_equal(line(loss_axes, "first").get_ydata(), [3.0, 2.0, 1.5])
    assert loss_axes.get_ylabel() == "loss, mean since epoch 1"


def test_legend_names_every_run_in_full_with_its_colour():
    figure = curves(RUNS, ACCURACY)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*RUNS, "best epoch"]
    colours = [handle.get_color() for handle in legend.get_lines()[:2]]
    assert colours == [line(figure.axes[1], label).get_color() for label in RUNS]


def test_the_first_best_epoch_is_marked_in_the_colour_of_its_run():
    accuracy_axes = curves({"run": history([1.0] * 4, [0.3, 0.8, 0.7, 0.8])}, ACCURACY).axes[1]
    (star,) = stars(accuracy_axes)
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([2], [0.8])
    assert star.get_color() == line(accuracy_axes, "run").get_color()


@pytest.mark.parametrize("loss", [[2.0], [2.0, NAN, NAN]])
def test_a_lone_point_gets_a_marker(loss):
    loss_axes, _ = curves({"run": history(loss, [0.1] * len(loss))}, ACCURACY).axes
    assert line(loss_axes, "run").get_marker() == "o"
    assert line(curves(RUNS, ACCURACY).axes[0], "first").get_marker() in ("", "None")


@pytest.mark.parametrize("accuracy", [[], [NAN, NAN]])
def test_a_run_without_an_accuracy_has_no_best_epoch(accuracy):
    figure = curves({"run": history([1.0] * len(accuracy), accuracy)}, ACCURACY)
    assert stars(figure.axes[1]) == []
    figure.draw_without_rendering()


def test_a_run_of_one_epoch_has_whole_epochs_on_its_axis():
    figure = curves({"run": history([2.0], [0.1])}, ACCURACY)
    figure.draw_without_rendering()
    ticks = figure.axes[0].get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_the_thirteen_runs_of_a_published_table_are_told_apart():
    runs = {f"run {index}": history([1.0, 0.5], [0.1, 0.2]) for index in range(13)}
    loss_axes = curves(runs, ACCURACY).axes[0]
    lines = [line(loss_axes, label) for label in runs]
    assert len({(to_rgb(line.get_color()), line.get_linestyle()) for line in lines}) == 13


def test_the_legend_stays_inside_the_figure():
    runs = {f"{'a long name of a run ' * 3}{index}": history([1.0, 0.5], [0.1, 0.2]) for index in range(5)}
    figure = curves(runs, ACCURACY)
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_a_run_on_pairs_draws_what_its_best_model_is_the_best_by_and_marks_the_lowest():
    run = pair_history([2.0, 1.0, 0.5, 0.4], [0.9, 0.3, 0.4, 0.3])
    run["validation_error_rate"] = [0.9, 0.8, 0.7, 0.1]
    _, rate_axes = curves({"pairs": run}, CER).axes
    np.testing.assert_array_equal(
        line(rate_axes, "pairs").get_ydata(), run["validation_character_error_rate"]
    )
    assert rate_axes.get_title() == "Validation character error rate"
    assert rate_axes.get_ylabel() == "character error rate, edits a character"
    (star,) = stars(rate_axes)
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([2], [0.15])


def test_the_best_of_a_rate_is_found_among_gaps():
    _, rate_axes = curves({"pairs": pair_history([1.0] * 3, [NAN, 0.6, 0.5])}, CER).axes
    (star,) = stars(rate_axes)
    assert list(star.get_xdata()) == [3]


def test_a_run_on_captions_draws_its_bleu_and_marks_the_highest():
    run = history([2.0, 1.0, 0.5, 0.4], [0.1, 0.5, 0.4, 0.5])
    run["validation_bleu_4"] = run.pop("validation_accuracy")
    _, bleu_axes = curves({"captions": run}, BLEU).axes
    np.testing.assert_array_equal(line(bleu_axes, "captions").get_ydata(), run["validation_bleu_4"])
    assert (bleu_axes.get_title(), bleu_axes.get_ylabel()) == (
        "Validation BLEU-4",
        "BLEU-4, mean over images",
    )
    (star,) = stars(bleu_axes)
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([2], [0.5])


def test_different_measures_do_not_stand_together():
    with pytest.raises(UsageError, match="pairs has no validation accuracy: draw runs of one task together"):
        curves({**RUNS, "pairs": pair_history([1.0], [0.5])}, ACCURACY)
