from __future__ import annotations

import json

import pytest

from kzoo.claims import Claim, check_claim, list_claims, registry

MIS_RECORDED = Claim("feature-dimension-3", "R004 1", "K = 3: M = 1 + D + D^2", "erratum")


@pytest.fixture
def wrong_record(monkeypatch):
    """A claim that holds is on record as an erratum."""
    _, check = registry._CLAIMS[MIS_RECORDED.name]
    monkeypatch.setitem(registry._CLAIMS, MIS_RECORDED.name, (MIS_RECORDED, check))


def test_claims_of_all_reports(kzoo):
    done = kzoo("claims")
    assert done.exit_code == 0, done.stdout
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:] if not line.startswith("  ")}
    assert [name for name in rows if name in list_claims()] == list_claims()
    assert "erratum" in rows["growth-mlp"]
    assert "2,194.7 %" in rows["growth-mlp"]
    assert "NOT" not in done.stdout


def test_claims_as_json(kzoo):
    done = kzoo("claims", "--source", "R004", "--json")
    assert done.exit_code == 0
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert list(rows) == list_claims("R004")
    row = rows["feature-dimension-3"]
    assert row == vars(check_claim("feature-dimension-3"))
    assert (row["verdict"], row["expected"], row["as_recorded"]) == ("holds", "holds", True)
    assert rows["second-order-scale"]["corrected"] == "1/sqrt2"


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_verdict_that_is_not_on_record_is_exit_code_1(kzoo, wrong_record, flags):
    done = kzoo("claims", "--source", "R004 1", *flags)
    assert done.exit_code == 1
    if flags:
        (row,) = [row for row in json.loads(done.stdout) if not row["as_recorded"]]
        assert row["name"] == MIS_RECORDED.name
    else:
        assert f"{MIS_RECORDED.name}: NOT as recorded, erratum" in done.stdout
    assert kzoo("claims", "--source", "R001 1.3").exit_code == 0


def test_an_unknown_source_names_those_there_are(kzoo):
    done = kzoo("claims", "--source", "R009")
    assert done.exit_code == 2
    assert "no claim comes from 'R009'; known: R000, R000 1.1, " in done.stderr
    assert done.stdout == ""
