from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.errors import UsageError
from kzoo.recipe import changed_keys, load_recipe
from kzoo.reproduction.table import list_tables, load_table, tables_folder

ALL = [load_table(name) for name in list_tables()]

R001 = """
.01 .5 .3469 .9132 .9073
.01 .4 .3349 .9121 .9080
.01 .2 .3195 .9113 .9051
.01 .3 .3268 .9111 .9060
.01 .6 .3602 .9098 .9032
.01 .1 .3107 .9095 .9076
.01 .8 .4086 .9064 .9020
.1 .3 .2542 .9016 .8986
.1 .5 .3002 .8906 .8876
.1 .8 .4494 .8648 .8635
.001 .3 .6465 .8572 .8517
.001 .5 .6773 .8526 .8475
.001 .8 .7809 .8313 .8237
"""


def own_table(tmp_path: Path, **changes: object) -> str:
    row = {"name": "a", "recipe": "fashion-cnn", "overrides": {"model.dropout": 0.3}}
    row |= {"published": {"test_accuracy": 0.9}} | changes.pop("row", {})
    row = {key: value for key, value in row.items() if value is not None}
    document = {"name": "mine", "title": "mine", "source": "A. Author", "decides": "test_accuracy"}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**document, "rows": [row], **changes}))
    return str(path)


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_every_row_is_a_recipe_with_what_decides_published(table):
    assert (tables_folder() / f"{table.name}.yaml").read_text().count(f"kzoo reproduce {table.name}") == 1
    for row in table.rows:
        recipe = table.recipe(row)
        assert table.decides in row.published or row.published == {}
        assert recipe.data.name in PUBLISHED_SETS
        assert recipe.name == f"{table.name} {row.name}"
        assert row.runs is None or row.runs in {other.name for other in table.rows}
        assert (recipe.published is None) == (row.runs is not None or row.published == {})


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_what_a_recipe_says_is_published_is_not_said_again(table):
    documents = yaml.safe_load((tables_folder() / f"{table.name}.yaml").read_text())["rows"]
    for row, document in zip(table.rows, documents, strict=True):
        reference = load_recipe(row.recipe)
        if "published" not in document:
            assert row.published == reference.published.figures
            assert row.note == document.get("note", reference.published.remark)
        elif not changed_keys(load_recipe(row.recipe, row.overrides), reference):
            assert row.published != getattr(reference.published, "figures", None)


def test_the_grid_of_r001_is_that_of_the_report():
    table = load_table("R001-2.2")
    names = ("train_loss_running", "validation_accuracy", "test_accuracy")
    printed = [tuple(map(float, line.split())) for line in R001.split("\n") if line]
    said = []
    for row in table.rows:
        recipe = table.recipe(row)
        figures = (row.published[name] for name in names)
        said.append((recipe.training.learning_rate, recipe.model.options["dropout"], *figures))
    assert said == printed


def test_rows_are_picked_by_pattern():
    table = load_table("R001-2.2")
    assert [row.name for row in table.pick(["lr0.1-*", "lr0.01-dropout0.5"])] == [
        "lr0.01-dropout0.5",
        *(f"lr0.1-dropout0.{p}" for p in (3, 5, 8)),
    ]
    assert table.pick([]) == list(table.rows)
    with pytest.raises(UsageError, match=r"did you mean 'lr0\.01-dropout0\.5'"):
        table.pick(["lr0.1-*", "lr.01-dropout.5"])


def test_published_figures_go_with_no_change_but_that_of_the_seed():
    table = load_table("R001-2.2")
    (row,) = table.pick(["lr0.1-dropout0.5"])
    assert table.recipe(row, {"training.seed": 7}).published.figures == row.published
    for key, value in (("data.fraction", 0.5), ("training.epochs", 1), ("data.name", "mnist")):
        assert table.recipe(row, {key: value}).published is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decides": "accuracy"}, "decides"),
        ({"rows": []}, "rows"),
        ({"row": {"name": "a b"}}, "rows.0.name"),
        ({"row": {"name": ".."}}, "rows.0.name"),
        ({"name": "../outside"}, "name: expected letters, digits"),
        ({"row": {"published": {"test_accuracy": True}}}, "a number is expected, not true or false"),
        ({"row": {"overrides": {"model.dropout": float("inf")}}}, "a number is not finite"),
        ({"row": {"overides": {}}}, "overides"),
        ({"row": {"published": None}}, "needs published figures"),
        ({"row": {"recipe": "fashion-cn", "published": None}}, "did you mean 'fashion-cnn'"),
        ({"row": {"runs": "b"}}, "'a' decodes the runs of 'b', which is not another row"),
        ({"row": {"runs": "a"}}, "'a' decodes the runs of 'a', which is not another row"),
        ({"row": {"decoding": {"top_p": 0.8}}}, "one of greedy, beam, nucleus, not None"),
        ({"row": {"decoding": {"method": ["beam"]}}}, "one of greedy, beam, nucleus, not ['beam']"),
        ({"row": {"decoding": {"method": "beam", "top_p": 0.8}}}, "beam has no option 'top_p'"),
        ({"row": {"decoding": {"method": "nucleus", "sampels": 3}}}, "did you mean 'samples'?"),
        ({"row": {"decoding": {"method": "nucleus", "samples": "many"}}}, "decoding.samples"),
        ({"row": {"decoding": {"method": "nucleus", "top_p": 2}}}, "top_p must lie in (0, 1]"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(tmp_path, changes, said):
    with pytest.raises(UsageError) as caught:
        load_table(own_table(tmp_path, **changes))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recipe_beside_a_table_is_found_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    recipe = load_recipe("fashion-cnn", {"training.epochs": 7})
    (tmp_path / "tables" / "recipe.yaml").write_text(recipe.to_yaml())
    own_table(tmp_path / "tables", row={"recipe": "recipe.yaml"})
    monkeypatch.chdir(tmp_path)
    table = load_table("tables/mine.yaml")
    monkeypatch.chdir("/")
    assert table.recipe(table.rows[0]).training.epochs == 7


def test_a_row_may_state_that_nothing_is_published(tmp_path):
    (row,) = load_table(own_table(tmp_path, row={"published": {}})).rows
    assert row.published == {}


def test_two_rows_of_one_name_are_refused(tmp_path):
    path = own_table(tmp_path)
    document = yaml.safe_load(Path(path).read_text())
    Path(path).write_text(yaml.safe_dump(document | {"rows": document["rows"] * 2}))
    with pytest.raises(UsageError, match="two rows called 'a'"):
        load_table(path)


def test_an_unknown_table_names_the_nearest():
    with pytest.raises(UsageError, match=r"no table is called 'R001-2\.3'; did you mean 'R001-2\.2'"):
        load_table("R001-2.3")


def test_what_the_author_coded_has_the_figures_of_the_recipes_that_mend_it():
    published = {row.name: row.published for row in load_table("R004-3").rows}
    assert published["recurrent-as-coded"] == published["recurrent"]
    assert published["self-attention-as-coded"] == published["self-attention"]
