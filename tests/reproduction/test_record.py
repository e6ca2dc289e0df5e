from __future__ import annotations

from dataclasses import replace

import pytest

from kzoo.errors import DataError, UsageError
from kzoo.reporting.records import fill_blocks, list_blocks, records_markdown
from kzoo.reproduction import record
from kzoo.reproduction.table import list_tables, load_table
from kzoo.reproduction.verdict import judge

TABLE = load_table("R001-2.2")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Nothing is written into the repository."""
    monkeypatch.setattr(record, "tables_folder", lambda: tmp_path)
    return tmp_path / "results" / "R001-2.2.csv"


def test_what_is_kept_is_what_is_read(made):
    results = [made(0.91), made(0.92, seed=43), made(0.86, row="lr0.1-dropout0.8", commit=None, intervals={})]
    record.keep(TABLE, results)
    assert record.load_records(TABLE) == results


def test_a_result_takes_the_place_of_one_of_the_same_row_seed_and_backend(made, elsewhere):
    record.keep(TABLE, [made(0.86, row="lr0.1-dropout0.8"), made(0.90)])
    record.keep(TABLE, [made(0.91), made(0.92, backend="jax"), made(0.93, seed=43)])
    kept = record.load_records(TABLE)
    assert [(r.row, r.backend, r.seed, r.figures["test_accuracy"]) for r in kept] == [
        ("lr0.01-dropout0.5", "jax", 42, 0.92),
        ("lr0.01-dropout0.5", "tensorflow", 42, 0.91),
        ("lr0.01-dropout0.5", "tensorflow", 43, 0.93),
        ("lr0.1-dropout0.8", "tensorflow", 42, 0.86),
    ]
    assert elsewhere.read_text().count("\n") == 5


@pytest.mark.parametrize("changes", [{"stand_in": True}, {"changed": ("data.fraction",)}])
def test_only_published_recipes_on_real_data_are_kept(made, elsewhere, changes):
    with pytest.raises(UsageError, match="published recipes on real data"):
        record.keep(TABLE, [made(0.9), replace(made(0.9, seed=43), **changes)])
    assert not elsewhere.exists()


def test_a_damaged_file_is_named(elsewhere):
    elsewhere.parent.mkdir()
    elsewhere.write_text("row,seed\na,b\n")
    with pytest.raises(DataError, match=r"R001-2\.2\.csv"):
        record.load_records(TABLE)


def test_results_of_a_row_that_was_renamed_are_named(made):
    record.keep(TABLE, [made(0.9)])
    first, *others = TABLE.rows
    renamed = TABLE.model_copy(update={"rows": (first.model_copy(update={"name": "new"}), *others)})
    for use in (record.load_records, record.check_record, lambda table: record.keep(table, [])):
        with pytest.raises(
            DataError, match=r"results of 'lr0\.01-dropout0\.5', which is no row of R001-2\.2"
        ):
            use(renamed)


def test_results_of_a_recipe_that_was_changed_are_no_longer_compared(made):
    record.keep(TABLE, [made(0.9073), made(0.9105, seed=43)])
    first, *others = TABLE.rows
    longer = first.model_copy(update={"overrides": {**first.overrides, "training.epochs": 99}})
    changed = TABLE.model_copy(update={"rows": (longer, *others)})
    outcome = judge(changed, record.load_records(changed))[0]
    assert (outcome.verdict, len(outcome.results)) == ("not comparable", 2)
    assert outcome.reason == "the recipe was changed: since these runs were recorded"
    record.keep(changed, [made(0.95)])
    (result,) = record.load_records(changed)
    assert (result.figures["test_accuracy"], result.changed) == (0.95, ())


def test_whether_results_can_be_kept_is_known_before(tmp_path, elsewhere, monkeypatch):
    record.check_record(TABLE)
    assert not list(elsewhere.parent.iterdir())
    (tmp_path / "file").touch()
    monkeypatch.setattr(record, "tables_folder", lambda: tmp_path / "file")
    with pytest.raises(UsageError, match=r"file/results, which cannot be written"):
        record.check_record(TABLE)


def test_the_verdicts_of_the_record_are_those_of_the_runs(made):
    results = [made(0.9073 + off, seed=seed) for seed, off in enumerate((-0.001, 0.0, 0.002))]
    before = judge(TABLE, results)
    record.keep(TABLE, results)
    assert judge(TABLE, record.load_records(TABLE)) == before


def test_markdown_has_a_line_for_each_row(made):
    text = records_markdown(TABLE, judge(TABLE, [made(0.9073), made(0.9105, seed=43)]))
    head, rule, *rows = text.split("\n\n")[0].splitlines()
    assert head.count("|") == rule.count("|") == rows[0].count("|")
    assert len(rows) == 13
    assert rows[0].startswith("| lr0.01-dropout0.5 | .9089 ± .0023 (.9073) | ")
    assert rows[1].endswith("| 0 | not run |")
    assert text.endswith("2 runs on tensorflow 2.21.0, CPU (2 cores), kzoo 0123abc\n")
    mixed = [
        made(0.91, commit=commit, seed=seed) for seed, commit in enumerate(("a" * 40, "b" * 40 + "+changes"))
    ]
    assert ", kzoo aaaaaaa, bbbbbbb+changes\n" in records_markdown(TABLE, judge(TABLE, mixed))


def test_markdown_has_the_notes_below_the_rows(made):
    table = load_table("R003-3")
    run = made(0.5, row="bahdanau", figures={table.decides: 0.5})
    notes = [line for line in records_markdown(table, judge(table, [run])).splitlines() if line[:2] == "- "]
    assert notes[:2] == [
        "- bahdanau: trained on fashion-mnist, not on wikipron-eng",
        "- bahdanau: decoded greedily",
    ]
    assert notes[2].startswith(
        "- without-attention-as-coded: R003's public code, run again with seed 42, gives"
    )


def test_markdown_has_a_line_for_each_backend(made):
    text = records_markdown(TABLE, judge(TABLE, [made(0.9073), made(0.9105, backend="jax")]))
    names = [line.split(" | ")[0] for line in text.splitlines()[2:5]]
    assert names == ["| lr0.01-dropout0.5, tensorflow", "| lr0.01-dropout0.5, jax", "| lr0.01-dropout0.4"]


def test_blocks_are_filled_and_all_else_stays():
    document = "# a\n<!-- records X -->\nold\n<!-- end -->\nb\n<!-- records Y -->\n<!-- end -->\nc\n"
    told = {name: f"{name} is new\n" for name in list_blocks(document)}
    assert list(told) == ["X", "Y"]
    filled = fill_blocks(document, told)
    assert filled == (
        "# a\n<!-- records X -->\nX is new\n<!-- end -->\nb\n<!-- records Y -->\nY is new\n<!-- end -->\nc\n"
    )
    assert fill_blocks(filled, told) == filled
    assert fill_blocks(document, {"Y": told["Y"]}).startswith(document[:40])


@pytest.mark.parametrize("name", list_tables())
def test_the_records_of_the_repository_are_of_rows_of_their_tables(name, monkeypatch):
    monkeypatch.undo()
    table = load_table(name)
    results = record.load_records(table)
    assert {result.row for result in results} <= {row.name for row in table.rows}
    assert not any(result.changed for result in results)
