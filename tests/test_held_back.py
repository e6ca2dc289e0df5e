"""Ctrl-C that is held back until the end of a block."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from kzoo.interrupts import held_back


def press():
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("times", [1, 2])
def test_it_is_raised_once_at_the_end(times):
    reached = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with held_back():
            for _ in range(times):
                press()
            reached.append("the end")
        reached.append("the line after")
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_passes_through_all_that_hold_it_back():
    reached = []
    with pytest.raises(KeyboardInterrupt), held_back():  # noqa: PT012
        with held_back():
            press()
        reached.append("the outer one")
    assert reached == ["the outer one"]


def test_it_outweighs_an_error():
    with pytest.raises(KeyboardInterrupt), held_back():  # noqa: PT012
        press()
        raise ValueError


def test_without_one_nothing_changes():
    with held_back():
        pass
    with pytest.raises(ValueError), held_back():
        raise ValueError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_back():
            press()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_leaves_it_alone():
    def handler():
        with held_back():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(handler).result() is signal.default_int_handler
