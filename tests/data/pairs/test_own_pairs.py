from __future__ import annotations

import pytest

from kzoo.data.pairs.own import read_own_pairs
from kzoo.errors import DataError

CHARACTERS = "characters", "characters"


def write(path, text: str | bytes):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_split_in_tenths_that_share_nothing(tmp_path):
    path = write(tmp_path / "a.tsv", "".join(f"{n}\tx{n}\n" for n in range(57)))
    pair_set = read_own_pairs(path, CHARACTERS, seed=1)
    assert [len(split) for split in pair_set.splits.values()] == [47, 5, 5]
    sources = [source for split in pair_set.splits.values() for source in split.sources]
    assert len(set(sources)) == 57
    assert pair_set.origin.name == "a.tsv"
    assert read_own_pairs(path, CHARACTERS, seed=1) == pair_set
    assert read_own_pairs(path, CHARACTERS, seed=2).sha256() != pair_set.sha256()


def test_tokens_are_characters_or_what_stands_between_spaces(tmp_path):
    path = write(tmp_path / "a.csv", '"k æ t",cat\nb iʰ,be\n"a, b",c\n')
    pair_set = read_own_pairs(path, ("spaces", "characters"), seed=0)
    pairs = {
        pair for split in pair_set.splits.values() for pair in zip(split.sources, split.targets, strict=True)
    }
    assert pairs == {(("k", "æ", "t"), tuple("cat")), (("b", "iʰ"), tuple("be")), (("a,", "b"), ("c",))}
    assert pair_set.tokens == ("spaces", "characters")


def test_what_cannot_be_used_is_counted(tmp_path):
    path = write(tmp_path / "a.txt", b"a\tb\n\xff\tb\n\nab\t\nc\td\ne\tf\na\tb\nlonger\tx\n")
    pair_set = read_own_pairs(path, CHARACTERS, max_length=5, seed=0)
    assert pair_set.dropped.counts == {"not UTF-8": 1, "empty": 2, "repeated": 1, "longer than 5 tokens": 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "a\tb\nc d\n", r"a\.tsv, line 2: 1 column, expected source TAB target"),
        ("a.csv", "a,b\nc,d,e\n", r"a\.csv, line 2: 3 columns, expected source comma target"),
        ("a.csv", 'a,b\nc,"d', r"a\.csv, line 2 is not CSV"),
        ("a.tsv", "", r"a\.tsv holds too few pairs for three splits: 0 usable pairs"),
        ("a.tsv", "\n\t\n", r"holds too few .*: 0 usable pairs; 2 rows left out, empty: .* line 1, 2"),
        ("a.tsv", "a\tb\nc\td\n", r"three splits: 2 usable pairs"),
        ("a.npz", "a\tb\n", r"a\.npz is not a file of pairs: expected \.tsv, \.txt, \.csv"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message) as error:
        read_own_pairs(write(tmp_path / name, content), CHARACTERS, seed=0)
    assert "\n" not in str(error.value)


def test_a_folder_is_no_file_of_pairs(tmp_path):
    (tmp_path / "a.tsv").mkdir()
    with pytest.raises(DataError, match=r"a\.tsv is a folder; expected a file"):
        read_own_pairs(tmp_path / "a.tsv", CHARACTERS, seed=0)
