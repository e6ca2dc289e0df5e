from __future__ import annotations

import pytest

from kzoo.cli.output import PIPE_WIDTH, print_table

TEXT = " ".join(f"word{number}" for number in range(1_000))


@pytest.mark.parametrize("cells", [(TEXT, "b"), ("a", TEXT), ("a", "/folder" * 800)])
def test_a_long_cell_folds_between_words_and_numbers_stay_whole(capsys, cells):
    print_table("read", "written", ">score", rows=[(*cells, "1.0")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= PIPE_WIDTH
    assert sum("1.0" in line for line in lines) == 1
    words = [word for line in lines[1:] for word in line.split() if word.startswith("word")]
    assert words == (TEXT.split() if TEXT in cells else [])


def test_a_title_is_not_folded_to_a_narrow_table(capsys):
    print_table("a", rows=[("b",)], title="last model on fashion-mnist test: accuracy 0.9")
    assert capsys.readouterr().out.splitlines()[0] == "last model on fashion-mnist test: accuracy 0.9"
