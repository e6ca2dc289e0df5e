from __future__ import annotations

from pathlib import Path

import pytest

from kzoo.data.rows import Row, read_columns, read_csv, read_lines, read_tsv
from kzoo.errors import DataError


def columns(rows) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.columns) for row in rows]


def test_tabs_separate_and_quotes_are_characters(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes('\ufeff"hola\thello"\r\n\r\na\tb\tc'.encode())
    assert columns(read_tsv(path)) == [(1, ('"hola', 'hello"')), (2, ("",)), (3, ("a", "b", "c"))]
    assert columns(read_columns(path, "l")) == [
        *((1, ('"ho', "a\the", "", 'o"')), (2, ("",)), (3, ("a\tb\tc",))),
    ]


def test_rows_of_csv_begin_where_their_first_line_is(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"one,\nof two",uno\n\ntwo,"do""s"\n', encoding="utf-8")
    assert columns(read_csv(path)) == [(1, ("one,\nof two", "uno")), (3, ()), (4, ("two", 'do"s'))]


def test_csv_that_breaks_off_is_named_with_its_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\nc,"d\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.csv, line 2 is not CSV: "):
        list(read_csv(path))


def test_only_the_row_that_is_not_utf8_is_marked(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"ni\xf1o\tboy\n" + "niño\tboy\n".encode() + b"\t\n")
    rows = list(read_tsv(path))
    assert [row.is_utf8 for row in rows] == [False, True, True]
    assert [row.is_blank for row in rows] == [False, False, True]


def test_lines_are_ended_by_newlines_only(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("a\u2028b\x0bc\n".encode())
    assert columns(read_lines(path)) == [(1, ("a\u2028b\x0bc",))]


def test_columns_that_are_not_there_are_named_with_their_line():
    row = Row(Path("a.tsv"), 3, ("a", "b", "c"))
    assert row.take(2, "a TAB b", exact=False) == ("a", "b")
    for count in (2, 4):
        with pytest.raises(DataError, match=r"^a\.tsv, line 3: 3 columns, expected this$"):
            row.take(count, "this")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"none\.tsv does not exist"):
        list(read_tsv(tmp_path / "none.tsv"))
