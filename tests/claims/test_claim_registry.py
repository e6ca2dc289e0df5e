"""Claims are found by name and by source."""

from __future__ import annotations

import pytest

from kzoo.claims import Claim, Finding, check_claim, check_claims, list_claims, register_claim
from kzoo.claims.claim import judge
from kzoo.errors import UsageError
from kzoo.registry import card, list_models

CLAIM = Claim("weight", "R001 1.3, R002 1", "a feather weighs more")


@pytest.mark.parametrize(
    ("source", "comes"),
    [("R001", True), ("R001 1.3", True), ("R002", True), ("R001 1", False), ("R00", False), ("R003", False)],
)
def test_the_sources_of_a_claim(source, comes):
    assert CLAIM.comes_from(source) == comes


@pytest.mark.parametrize("expected", ["holds", "erratum"])
def test_judging(expected):
    claim = Claim("weight", "R001 1.3", "a feather weighs more", expected)
    right, wrong = judge(claim, Finding(True, "1 g")), judge(claim, Finding(False, "1 g", "less"))
    open_ = judge(claim, Finding(False, "1 g"))
    assert [right.verdict, wrong.verdict, open_.verdict] == ["holds", "erratum", "erratum"]
    assert [right.as_recorded, wrong.as_recorded] == [expected == "holds", expected == "erratum"]
    assert not open_.as_recorded
    assert (right.corrected, wrong.corrected) == ("", "less")


def test_claims_of_a_source():
    reports = [f"R00{i}" for i in range(5)]
    assert set().union(*(list_claims(report) for report in reports)) == set(list_claims())
    assert list_claims("R001 1.3") == ["head-product", "head-rank", "equal-heads"]
    checked = check_claims("R001 1.3")
    assert [claim.name for claim in checked] == list_claims("R001 1.3")
    assert all(claim.source == "R001 1.3" for claim in checked)


def test_every_published_count_and_every_broken_sum_is_a_claim():
    names = set(list_claims())
    for model in list_models():
        assert (f"parameters-{model}" in names) == (card(model).published is not None)
        assert (f"terms-{model}" in names) == (card(model).printed_sum is not None)


def test_unknown_names_say_what_there_is():
    with pytest.raises(UsageError, match="no claim is called 'conv-matirx'; did you mean 'conv-matrix'"):
        check_claim("conv-matirx")
    with pytest.raises(
        UsageError, match=r"no claim comes from 'R009'; known: R000, R000 1\.1, .*, R004 2\.2$"
    ):
        list_claims("R009")


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="'conv-matrix' is registered already"):
        register_claim(Claim("conv-matrix", "R000 1.1", ""))(lambda: Finding(True, ""))


def test_conv_matrix_needs_no_keras(python):
    done = python("import sys; from kzoo.claims import conv_matrix; print('keras' in sys.modules)")
    assert done.stdout.strip() == "False", done.stderr
