from __future__ import annotations

import json
from pathlib import Path

import pytest

import kzoo as package
from kzoo.bench import record
from kzoo.bench.record import SPEED_TABLES
from kzoo.reporting.records import list_blocks
from kzoo.reproduction.record import load_records
from kzoo.reproduction.table import list_tables, load_table

README = Path(package.__file__).parents[1] / "README.md"


def test_the_readme_has_what_is_on_record(kzoo, here):
    before = README.read_text(encoding="utf-8")
    (here / "README.md").write_text(before, encoding="utf-8")
    done = kzoo("records", "--write", "README.md")
    assert done.exit_code == 0, done.stderr
    kept = {name for name in list_tables() if load_records(load_table(name))}
    assert set(list_blocks(before)) == kept | set(SPEED_TABLES)
    assert (here / "README.md").read_text(encoding="utf-8") == before


def test_the_record_is_shown_in_markdown_or_as_json(kzoo, monkeypatch, tmp_path):
    kept = [name for name in list_tables() if load_records(load_table(name))]
    monkeypatch.setattr(record, "_place", lambda: tmp_path / "none")
    shown = kzoo("records").stdout
    assert [name for name in list_tables() if f"| {name} |" in shown] == kept
    assert list(json.loads(kzoo("records", "--json").stdout)) == kept


def test_a_document_is_filled_in_place(kzoo, here):
    (here / "page.md").write_text("before\n<!-- records R001-2.2 -->\n<!-- end -->\nafter\n")
    assert kzoo("records", "--write", "page.md").exit_code == 0
    text = (here / "page.md").read_text()
    assert text.startswith("before\n<!-- records R001-2.2 -->\n| R001-2.2 | test accuracy | ")
    assert text.count("\n| lr0.") == 13
    assert list_blocks(text) == ["R001-2.2"]


def test_only_the_table_that_is_named_is_written(kzoo, here):
    blocks = "".join(f"<!-- records {name} -->\nold\n<!-- end -->\n" for name in ("R001-2.2", "R001-3"))
    (here / "page.md").write_text(blocks)
    assert kzoo("records", "R001-3", "--write", "page.md").exit_code == 0
    first, second = (here / "page.md").read_text().split("<!-- end -->\n")[:2]
    assert first == "<!-- records R001-2.2 -->\nold\n"
    assert "| R001-3 |" in second


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "page.md has no place for TABLE"), (["R001-3"], "page.md has no place for R001-3")],
)
def test_a_document_without_a_place_is_left_as_it_is(kzoo, here, words, said):
    (here / "page.md").write_text("no marks")
    stamp = (here / "page.md").stat().st_mtime_ns
    done = kzoo("records", *words, "--write", "page.md")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert (here / "page.md").stat().st_mtime_ns == stamp


def test_a_block_that_does_not_end_takes_nothing_with_it(kzoo, here):
    text = "<!-- records R001-2.2 -->\nkeep\n<!-- records R003-3 -->\n<!-- end -->\n"
    (here / "page.md").write_text(text)
    done = kzoo("records", "--write", "page.md")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "<!-- records R001-2.2 --> does not end" in done.stderr
    assert (here / "page.md").read_text() == text


def test_a_document_that_is_no_text_is_named(kzoo, here):
    (here / "page.md").write_bytes(b"\xff\xfe<!-- records")
    done = kzoo("records", "--write", "page.md")
    assert (done.exit_code, done.stderr) == (3, "kzoo: page.md is not a text in UTF-8\n")


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [(["R001"], 2, "no table is called 'R001'"), (["--write", "none.md"], 3, "none.md")],
)
def test_what_is_wrong_is_one_line(kzoo, words, exit_code, said):
    done = kzoo("records", *words)
    assert done.exit_code == exit_code
    assert said in done.stderr
