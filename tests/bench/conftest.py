"""Races among few workers, that wait for nobody."""

from __future__ import annotations

import pytest

from kzoo.bench import machine, peers


@pytest.fixture(autouse=True)
def quick_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is read twice in a moment."""
    monkeypatch.setattr(machine, "INTERVAL", 0.01)


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch races with one thread only."""
    for peer, threads in peers.THREADS.items():
        monkeypatch.setitem(peers.THREADS, peer, threads[:1])


@pytest.fixture
def students_only(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """kzoo races against plain PyTorch on one thread, and nobody else."""
    for peer in (peers.TIGHT, peers.FIT):
        monkeypatch.delitem(peers.THREADS, peer)
