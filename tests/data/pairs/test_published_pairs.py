"""Every official layout of pairs, in small files."""

from __future__ import annotations

import pytest

from kzoo.data.pairs.cards import PAIR_SETS
from kzoo.data.pairs.layouts import PairOptions
from kzoo.data.pairs.load import read_published_pairs
from kzoo.data.search_path import files_of
from kzoo.errors import DataError

COURSE_FILES = {
    "spa-eng": ("train-eng-spa.txt", "val-eng-spa.txt", "test-eng-spa.txt"),
    "wikipron-eng": ("train.tsv", "valid.tsv", "test.tsv"),
}


def read(name, folder, *, max_length=None, seed=42, stress=False):
    return read_published_pairs(PAIR_SETS[name], folder, PairOptions(max_length, seed, stress))


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def word(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def all_pairs(pair_set) -> list:
    return [
        pair for split in pair_set.splits.values() for pair in zip(split.sources, split.targets, strict=True)
    ]


def test_the_course_s_sentences_are_stripped_as_its_loader_does(tmp_path):
    for name, line in zip(
        COURSE_FILES["spa-eng"], ("i ran .\tcorri .\t42", "go !\t ve !\t42", "ok\tvale\t42"), strict=True
    ):
        write_lines(tmp_path / name, [line, line])
    pair_set = read("spa-eng", tmp_path, max_length=19)
    assert pair_set.train.sources == (tuple("corri ."),) * 2  # repeated, as published
    assert pair_set.train.targets == (tuple("i ran ."),) * 2
    assert pair_set.validation.sources[0] == tuple("ve !")
    assert pair_set.tokens == ("characters", "characters")
    assert not pair_set.origin.stand_in
    assert pair_set.dropped.counts == {}


def test_the_course_s_pronunciations_have_phones_and_letters(tmp_path):
    for name in COURSE_FILES["wikipron-eng"]:
        write_lines(tmp_path / name, ["d͡ʒ ə m\tJim", "", "a ə\teye"])
    pair_set = read("wikipron-eng", tmp_path)
    assert pair_set.test.sources == (("d͡ʒ", "ə", "m"), ("a", "ə"))
    assert pair_set.test.targets == (("J", "i", "m"), ("e", "y", "e"))
    assert pair_set.dropped.counts == {"empty": 3}
    assert {(row.file, row.line) for row in pair_set.dropped.first} == {
        (str(tmp_path / name), 2) for name in COURSE_FILES["wikipron-eng"]
    }


@pytest.mark.parametrize("name", COURSE_FILES)
def test_a_missing_or_empty_split_is_named(tmp_path, name):
    train, validation, test = (tmp_path / file for file in COURSE_FILES[name])
    for path in (train, validation):
        write_lines(path, ["a\tb"])
    with pytest.raises(DataError, match=f"{test.name} does not exist"):
        read(name, tmp_path)
    test.touch()
    with pytest.raises(DataError, match=f"holds no test pairs of {name}: its file is empty"):
        read(name, tmp_path)
    test.write_bytes(b"\xff\tb\n")
    with pytest.raises(DataError, match=r"no test pairs of .*: 1 row left out, not UTF-8: .* line 1"):
        read(name, tmp_path)


def test_a_row_without_its_columns_is_named_with_its_line(tmp_path):
    for file in COURSE_FILES["wikipron-eng"]:
        write_lines(tmp_path / file, ["a\tb", "a b"])
    with pytest.raises(DataError, match=r"train\.tsv, line 2: 1 column, expected phones TAB word"):
        read("wikipron-eng", tmp_path)


def test_the_official_sentences_are_normalised_and_split_in_the_published_proportion(tmp_path):
    lines = [f"I am {word(n)}.\tSoy {word(n)}.\tCC-BY 2.0 (France)" for n in range(1_249)]
    lines += [
        "Where?\t¿Dónde?\tby A",
        "where ?\t¿DÓNDE?\tby B",
        "Too long for this, it is.\tLargo.\tby C",
        "...\t1\tby D",
    ]
    write_lines(tmp_path / "spa.txt", lines)
    pair_set = read("spa-eng", tmp_path, max_length=19)
    assert [len(split) for split in pair_set.splits.values()] == [1_050, 100, 100]
    assert pair_set.dropped.counts == {"repeated": 1, "longer than 19 tokens": 1, "empty": 1}
    pairs = all_pairs(pair_set)
    assert len(set(pairs)) == len(pairs) == 1_250
    assert (tuple("donde ?"), tuple("where ?")) in pairs
    assert (tuple("soy bcd ."), tuple("i am bcd .")) in pairs


@pytest.mark.parametrize(("count", "sizes"), [(12_500, [10_000, 1_000, 1_000]), (120, [100, 10, 10])])
def test_wikipron_s_own_table_is_cut_and_split(tmp_path, count, sizes):
    write_lines(tmp_path / "eng_latn_us_broad.tsv", [f"{word(n)}\t{' '.join(word(n))}" for n in range(count)])
    pair_set = read("wikipron-eng", tmp_path)
    assert [len(split) for split in pair_set.splits.values()] == sizes
    pairs = all_pairs(pair_set)
    assert len(set(pairs)) == len(pairs)
    assert all(source == target for source, target in pairs)


def test_the_seed_draws_the_splits(tmp_path):
    write_lines(tmp_path / "eng_latn_us_broad.tsv", [f"{word(n)}\ta" for n in range(100)])
    hashes = [read("wikipron-eng", tmp_path, seed=seed).sha256() for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_too_few_pairs_to_split_are_an_error(tmp_path):
    write_lines(tmp_path / "spa.txt", ["Go.\tVe.", "Run.\tCorre."])
    with pytest.raises(DataError, match=r"spa\.txt holds too few .*: 2 usable pairs"):
        read("spa-eng", tmp_path)


DICTIONARY = """\
'bout B AW1 T
a AH0
a(2) EY1
aalborg AO1 L B AO0 R G # place, danish
a.m. EY2 EH1 M
x-ray EH1 K S R EY2
tom T AA1 M
"""


def test_the_dictionary_gives_each_word_once_without_stress(tmp_path):
    (tmp_path / "cmudict.dict").write_text(DICTIONARY, encoding="utf-8")
    pair_set = read("cmudict", tmp_path)
    assert [len(split) for split in pair_set.splits.values()] == [3, 1, 1]
    found = {"".join(target): " ".join(source) for source, target in all_pairs(pair_set)}
    assert found == {
        "'bout": "B AW T",
        "a": "AH",
        "aalborg": "AO L B AO R G",
        "x-ray": "EH K S R EY",
        "tom": "T AA M",
    }
    assert pair_set.dropped.counts == {
        "another pronunciation of a word": 1,
        "an abbreviation with a dot, or not a word": 1,
    }


def test_the_stress_can_be_kept(tmp_path):
    (tmp_path / "cmudict.dict").write_text(DICTIONARY, encoding="utf-8")
    sources = {source for source, _ in all_pairs(read("cmudict", tmp_path, stress=True))}
    assert ("AH0",) in sources
    assert ("B", "AW1", "T") in sources


def test_an_empty_folder_holds_no_set(tmp_path):
    for card in PAIR_SETS.values():
        assert files_of(card, tmp_path) == []
        with pytest.raises(DataError, match=f"holds no files of {card.name}"):
            read(card.name, tmp_path)
