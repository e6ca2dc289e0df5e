from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kzoo.data.row_filter import NAMED, RowFilter, UnusableRow
from kzoo.data.rows import Row

CAPTIONS = ("a tree", "", " ", "a very tall tree")


def rows(*texts: str) -> list[Row]:
    return [Row(Path("a.tsv"), line, tuple(text.split("|"))) for line, text in enumerate(texts, 1)]


def to_pair(row: Row):
    source, target = row.columns
    if source == "skip":
        raise UnusableRow("unwanted")
    return tuple(source), tuple(target)


def test_what_is_left_out_is_counted_and_named():
    row_filter = RowFilter(max_length=4, distinct=True)
    kept = row_filter.select(
        rows("ab|c", "", " |c", "abcde|c", "c|abcde", "ab|c", "skip|c", "\udcf1|c", "b|c"), to_pair
    )
    assert kept == [(("a", "b"), ("c",)), (("b",), ("c",))]
    assert row_filter.dropped.counts == {
        "empty": 2,
        "longer than 4 tokens": 2,
        "repeated": 1,
        "unwanted": 1,
        "not UTF-8": 1,
    }
    assert row_filter.dropped.lines()[:2] == [
        "2 rows left out, empty: a.tsv line 2, 3",
        "2 rows left out, longer than 4 tokens: a.tsv line 4, 5",
    ]


def test_repeated_pairs_stay_unless_they_must_be_distinct():
    assert len(RowFilter().select(rows("a|b", "a|b"), to_pair)) == 2


def test_only_the_first_few_are_named():
    row_filter = RowFilter()
    row_filter.select(rows(*[""] * 1_200), to_pair)
    assert row_filter.dropped.lines() == ["1,200 rows left out, empty: a.tsv line 1, 2, 3, 4, 5, ..."]
    assert len(row_filter.dropped.first) == NAMED


def test_captions_and_images_are_named_by_the_image():
    row_filter, path = RowFilter(max_length=2), Path("dataset.json")
    captions = [
        Row(path, f"{name}.jpg", tuple(text.split()), "caption") for name, text in enumerate(CAPTIONS)
    ]
    assert row_filter.select(captions, lambda row: (row.columns,)) == [(("a", "tree"),)]
    row_filter.drop(Row(path, "3.jpg", (), "image"), "without captions")
    assert row_filter.dropped.lines() == [
        "2 captions left out, empty: dataset.json image 1.jpg, 2.jpg",
        "1 caption left out, longer than 2 tokens: dataset.json image 3.jpg",
        "1 image left out, without captions: dataset.json image 3.jpg",
    ]


def test_an_image_that_loses_several_captions_is_named_once():
    row_filter, row = RowFilter(), Row(Path("dataset.json"), "1.jpg", (".",), "caption")
    for _ in range(3):
        row_filter.drop(row, "empty")
    assert row_filter.dropped.lines() == ["3 captions left out, empty: dataset.json image 1.jpg"]


@given(st.lists(st.sampled_from(["a|b", "", "aaa|b", "skip|b", "\udcff|a", "b| "])), st.booleans())
def test_no_row_is_lost_in_silence(texts, distinct):
    row_filter = RowFilter(2, distinct=distinct)
    kept = row_filter.select(rows(*texts), to_pair)
    assert len(kept) + sum(row_filter.dropped.counts.values()) == len(texts)
