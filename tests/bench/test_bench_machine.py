from __future__ import annotations

import os

import pytest

from kzoo.bench import machine
from kzoo.bench.machine import Reading, Watch, busy_processors, is_idle, spell_busy, wait_until_idle


@pytest.mark.parametrize(
    ("after", "busy"),
    [
        (Reading(clock=104.0, busy=16.0, own=3.0), 1.5),  # 6 s of work in 4 s, none of it ours
        (Reading(clock=104.0, busy=16.0, own=9.0), 0.0),  # all of it ours
        (Reading(clock=104.0, busy=16.0, own=9.5), 0.0),  # the system counts in ticks: never below 0
    ],
)
def test_other_work_is_what_the_processors_did_beyond_ours(after, busy):
    assert busy_processors(Reading(clock=100.0, busy=10.0, own=3.0), after) == pytest.approx(busy)


@pytest.mark.parametrize(
    ("busy", "idle"),
    [
        ((0.0, 0.1), True),
        ((machine.IDLE, None), True),
        ((0.0, 0.3), False),
        ((0.3, 0.0), False),
        ((None, None), False),  # nobody knows
    ],
)
def test_idle_is_before_and_during(busy, idle):
    assert is_idle(*busy) == idle


def test_the_race_waits_until_the_machine_is_idle_and_says_so_once(monkeypatch):
    measured, told = iter([1.7, 0.9, 0.1, 0.0]), []
    monkeypatch.setattr(machine, "_measure", lambda: next(measured))
    assert wait_until_idle(60, told.append).before == 0.1
    (line,) = told
    assert line.startswith("waiting for an idle machine for at most 60 s: 1.7 of ")


def test_the_race_does_not_wait_longer_than_it_is_told(monkeypatch):
    monkeypatch.setattr(machine, "_measure", lambda: 1.7)
    watch = wait_until_idle(0, pytest.fail)
    assert watch.before == 1.7
    assert watch.facts()["busy"]


@pytest.mark.parametrize(("others", "busy"), [(0.1, False), (1.0, True)])
def test_work_that_begins_during_the_race_is_seen(monkeypatch, others, busy):
    monkeypatch.setattr(machine, "read", lambda: Reading(clock=30.0, busy=20.0 + 30 * others, own=20.0))
    facts = Watch(before=0.0, start=Reading(clock=0.0, busy=0.0, own=0.0)).facts()
    assert facts["busy_during"] == pytest.approx(others)
    assert facts["busy"] == busy


def test_where_the_system_does_not_tell_the_load_average_does(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "STAT", tmp_path / "nothing")
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0.7, 0.9), raising=False)
    facts = wait_until_idle(0, pytest.fail).facts()
    assert (facts["busy_before"], facts["busy_during"], facts["busy"]) == (0.1, None, False)
    monkeypatch.delattr(os, "getloadavg")
    facts = wait_until_idle(0, pytest.fail).facts()
    assert (facts["busy_before"], facts["busy"]) == (None, True)
    assert "does not report" in spell_busy(None)


def test_a_reading_is_taken_from_the_counts_of_linux(monkeypatch, tmp_path):
    ticks = os.sysconf("SC_CLK_TCK")
    counts = [1, 2, 3, 100, 200, 4, 5, 6, 50, 60]  # idle and waiting are no work; guests are users already
    (tmp_path / "stat").write_text(f"cpu  {' '.join(str(n * ticks) for n in counts)}\ncpu0 7 7\n")
    monkeypatch.setattr(machine, "STAT", tmp_path / "stat")
    assert machine.read().busy == 1 + 2 + 3 + 4 + 5 + 6


def test_the_machine_has_a_name(monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Abacus 9\nprocessor\t: 1\n")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    assert machine.describe() == f"Abacus 9, {os.cpu_count()} cores"
