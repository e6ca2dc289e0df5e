from __future__ import annotations

import json

import pytest

from kzoo.errors import DataError, UsageError
from kzoo.recipe import load_recipe
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.grid import to_table
from kzoo.reproduction.job import fingerprint
from kzoo.reproduction.plan import FILE, create_plan, evaluation_file, load_plan
from kzoo.reproduction.table import load_table


def plan_of(name, settings=None, rows=(), seeds=1, code="1", data="d"):
    table = load_table(name)
    conditions = Conditions(table, settings or {}, "tensorflow")
    chosen = table.pick(list(rows))
    return create_plan(conditions, chosen, seeds=seeds, code=code, read=lambda row: data)


def folders(plan):
    return [job.folder for job in plan.jobs]


def test_a_run_is_another_where_recipe_data_or_code_are():
    before = plan_of("R001-2.2", seeds=2)
    assert folders(before) == folders(plan_of("R001-2.2", seeds=2))
    assert len(set(folders(before))) == 26
    assert [job.seed for job in before.jobs[:3]] == [42, 43, 42]
    for changed in ({"code": "2"}, {"data": "e"}, {"settings": {"data.fraction": 0.5}}):
        assert not set(folders(before)) & set(folders(plan_of("R001-2.2", **changed)))


def test_names_and_published_figures_leave_a_fingerprint_as_it_is():
    recipe = load_recipe("fashion-cnn")
    other = recipe.model_copy(update={"name": "other", "published": None})
    assert fingerprint(recipe, "d", "1") == fingerprint(other, "d", "1")
    for key, value in (("training.seed", 1), ("model.dropout", 0.1), ("runtime.backend", "jax")):
        assert fingerprint(recipe, "d", "1") != fingerprint(
            load_recipe("fashion-cnn", {key: value}), "d", "1"
        )


def test_a_fingerprint_depends_on_the_data_and_not_on_where_they_are():
    here, there = (load_recipe("fashion-cnn", {"data.name": name}) for name in ("./a", "./b"))
    assert fingerprint(here, "d", "1") == fingerprint(there, "d", "1") != fingerprint(here, "e", "1")


def test_a_row_that_decodes_the_runs_of_another_has_the_same():
    greedy, sampled = plan_of("R003-3", rows=["bahdanau", "bahdanau-nucleus"]).jobs
    assert greedy.folder == sampled.folder
    (alone,) = plan_of("R003-3", rows=["bahdanau-nucleus"]).jobs
    assert alone.folder == greedy.folder


def test_a_plan_is_read_as_it_was_kept(tmp_path):
    plan = plan_of("R003-3", {"training.epochs": 2})
    with pytest.raises(UsageError, match="kzoo reproduce"):
        load_plan(tmp_path)
    plan.save(tmp_path)
    assert load_plan(tmp_path) == plan
    assert all(outcome.verdict == "not run" for outcome in plan.outcomes(tmp_path))
    (tmp_path / FILE).write_text("{}")
    with pytest.raises(DataError, match="damaged"):
        load_plan(tmp_path)


def test_a_decoding_that_failed_is_its_own_row_s(tmp_path):
    plan = plan_of("R003-3", seeds=2, rows=["without-attention", "bahdanau", "bahdanau-nucleus"])
    places = [plan.place(job) for job in plan.jobs]
    assert places[2] == plan.jobs[2].folder
    assert places[4].startswith(f"{plan.jobs[2].folder}/bahdanau-nucleus-")
    told = plan.model_copy(update={"failures": {places[0]: "of a run", places[5]: "of a decoding"}})
    assert [outcome.failure for outcome in told.outcomes(tmp_path)][:3] == ["of a run", "", "of a decoding"]
    both = plan.model_copy(update={"failures": {plan.jobs[3].folder: "of a run"}})
    assert [outcome.failure for outcome in both.outcomes(tmp_path)][:3] == ["", "of a run", "of a run"]


def test_what_was_done_of_other_rows_stays(tmp_path):
    one, other = (plan_of("R003-3", rows=[row]) for row in ("without-attention", "bahdanau"))
    assert other.beside(one, tmp_path, lambda job: job) == other
    run = tmp_path / one.jobs[0].folder
    run.mkdir()
    (run / "metrics.json").write_text(json.dumps({}))
    assert other.beside(one, tmp_path, lambda job: job).jobs == (*other.jobs, *one.jobs)
    changed = plan_of("R003-3", {"training.epochs": 2}, rows=["bahdanau"])
    assert changed.beside(one, tmp_path, lambda job: job) == changed
    newer = plan_of("R003-3", rows=["without-attention"], code="2").jobs[0]
    assert other.beside(one, tmp_path, lambda job: newer) == other
    assert other.beside(one, tmp_path, lambda job: None) == other


@pytest.mark.parametrize(
    ("recipe", "point", "settings"),
    [
        ("asr-lstm", {"data.fraction": 0.5}, {"data.name": "an4"}),
        ("asr-lstm", {"data.name": "an4", "data.max_length": 9}, {"data.fraction": 0.5}),
        ("asr-lstm", {"data.mel_rate": 8000}, {"data.fraction": 0.5}),
        ("oct-cnn", {"training.learning_rate": 0.1}, {"data.name": "scans", "training.epochs": 2}),
    ],
)
def test_what_is_trained_is_the_recipe_of_the_row_in_a_file(tmp_path, recipe, point, settings):
    conditions = Conditions(to_table(recipe, [point], "test_loss"), settings, "jax")
    conditions.write_recipes(conditions.table.rows, tmp_path)
    (row,) = conditions.table.rows
    verb, path, *words = map(str, conditions.train_words(row, tmp_path))
    assert (verb, words) == ("train", ["--backend", "jax"])
    written = load_recipe(path)
    assert written == conditions.recipe(row)
    assert written.data.own == ("data.name" in {**point, **settings})
    assert written.published is None


def test_a_row_that_decodes_in_another_way_has_its_figures_elsewhere(tmp_path):
    *_, row = load_table("R003-3").rows
    other = row.model_copy(update={"decoding": {**row.decoding, "top_p": 0.9}})
    turned = row.model_copy(update={"decoding": dict(reversed(row.decoding.items()))})
    assert evaluation_file(row, tmp_path) != evaluation_file(other, tmp_path)
    assert evaluation_file(row, tmp_path) == evaluation_file(turned, tmp_path)
