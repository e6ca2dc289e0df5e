"""A Ctrl-C that falls where Python drops what is raised."""

from __future__ import annotations

import signal
import sys
import time
import weakref

import pytest

from kzoo import registry
from kzoo.cli.interrupts import none_dropped


class Interrupting:
    """Something during whose end Ctrl-C is pressed."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


class Broken:
    def __del__(self):
        raise ValueError("broken")


class Plain:
    pass


def destructor():
    Interrupting()


def weak_reference():
    thing = Plain()
    watched = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing
    assert watched() is None


@pytest.mark.parametrize("drop", [destructor, weak_reference])
def test_it_comes_again_and_ends_what_waits(drop):
    reached = []

    def work():
        drop()
        reached.append("the line after")
        while True:
            time.sleep(60)

    with pytest.raises(KeyboardInterrupt), none_dropped():
        work()
    assert reached == ["the line after"]


@pytest.mark.parametrize("drop", [destructor, weak_reference])
def test_in_the_last_moment_too(drop):
    with pytest.raises(KeyboardInterrupt), none_dropped():
        drop()


def test_one_that_is_raised_comes_once():
    with pytest.raises(KeyboardInterrupt), none_dropped():
        signal.raise_signal(signal.SIGINT)
    time.sleep(0.05)


def test_other_errors_are_told_as_ever(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    with none_dropped():
        Broken()
    assert [dropped.exc_type for dropped in told] == [ValueError]
    assert sys.unraisablehook == told.append


def test_a_verb_ends_with_130(kzoo, monkeypatch):
    monkeypatch.setattr(registry, "list_models", lambda *_: destructor() or [])
    done = kzoo("models")
    assert done.exit_code == 130
    assert done.stderr == ""
