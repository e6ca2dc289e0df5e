from __future__ import annotations

import json
from pathlib import Path

import pytest

import kzoo as package
from kzoo.reporting.records import BLOCK
from kzoo.reproduction.record import load_records
from kzoo.reproduction.table import list_tables, load_table

README = Path(package.__file__).parents[1] / "README.md"


def test_the_readme_has_what_is_on_record(kzoo, here):
    (here / "README.md").write_text(README.read_text(encoding="utf-8"), encoding="utf-8")
    assert kzoo("records", "--write", "README.md").exit_code == 0
    assert (here / "README.md").read_text(encoding="utf-8") == README.read_text(encoding="utf-8")


def test_the_record_is_shown_in_markdown_or_as_json(kzoo):
    kept = [name for name in list_tables() if load_records(load_table(name))]
    shown = kzoo("records").stdout
    assert [name for name in list_tables() if f"| {name} |" in shown] == kept
    assert list(json.loads(kzoo("records", "--json").stdout)) == kept


def test_a_document_is_filled_in_place(kzoo, here):
    (here / "page.md").write_text("before\n<!-- records R001-2.2 -->\n<!-- end -->\nafter\n")
    assert kzoo("records", "--write", "page.md").exit_code == 0
    text = (here / "page.md").read_text()
    assert text.startswith("before\n<!-- records R001-2.2 -->\n| R001-2.2 | test accuracy | ")
    assert text.count("\n| lr0.") == 13
    assert len(BLOCK.findall(text)) == 1


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [(["R001"], 2, "no table is called 'R001'"), (["--write", "none.md"], 3, "none.md")],
)
def test_what_is_wrong_is_one_line(kzoo, words, exit_code, said):
    done = kzoo("records", *words)
    assert done.exit_code == exit_code
    assert said in done.stderr
