"""A Ctrl-C that falls where Python drops what is raised."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref

import keras
import pytest

from kzoo import registry
from kzoo.cli.interrupts import none_lost, told


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

    with pytest.raises(KeyboardInterrupt), none_lost():
        work()
    assert reached == ["the line after"]


@pytest.mark.parametrize("drop", [destructor, weak_reference])
def test_in_the_last_moment_too(drop):
    with pytest.raises(KeyboardInterrupt), none_lost():
        drop()


def test_one_that_is_raised_comes_once():
    with pytest.raises(KeyboardInterrupt), none_lost():
        signal.raise_signal(signal.SIGINT)
    time.sleep(0.05)


def test_other_errors_are_told_as_ever(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    with none_lost():
        Broken()
    assert [dropped.exc_type for dropped in told] == [ValueError]
    assert sys.unraisablehook == told.append


def test_a_verb_ends_with_130(kzoo, monkeypatch):
    monkeypatch.setattr(registry, "list_models", lambda *_: destructor() or [])
    done = kzoo("models")
    assert done.exit_code == 130
    assert done.stderr == ""


def interrupt_an_import():
    """As a module in C does that is interrupted while it starts."""
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise ImportError("a module is missing") from None


def test_one_that_became_an_error_is_still_one():
    with pytest.raises(KeyboardInterrupt), none_lost():
        interrupt_an_import()


def test_an_error_without_one_stays_an_error():
    with pytest.raises(KeyboardInterrupt), none_lost():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(ImportError), none_lost():
        raise ImportError("a module is missing")


@pytest.mark.parametrize("stop", [interrupt_an_import, destructor])
def test_what_is_interrupted_is_told(capsys, stop):
    def work():
        stop()
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt), none_lost(), told("go on with [it]"):
        work()
    assert capsys.readouterr().err == "go on with [it]\n"


def test_what_fails_is_not_told(capsys):
    with pytest.raises(ImportError), none_lost(), told("go on"):
        raise ImportError("a module is missing")
    assert capsys.readouterr().err == ""


def test_a_verb_that_made_an_error_of_it_ends_with_130(kzoo, monkeypatch):
    monkeypatch.setattr(registry, "list_models", lambda *_: interrupt_an_import())
    done = kzoo("models")
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "")


def test_one_that_comes_too_late_changes_nothing(python):
    code = """
import atexit, signal, sys
atexit.register(signal.raise_signal, signal.SIGINT)
from kzoo.cli.main import main
sys.argv = ["kzoo", "--version"]
atexit.register(print, "the end")
main()
"""
    done = python(code)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith("the end\n")


def test_one_in_an_evaluated_text_ends_with_130(tmp_path):
    """As dataclasses evaluate texts: by itself `python -m` would end by SIGINT after all."""
    (tmp_path / "sitecustomize.py").write_text(
        "import kzoo.registry\n"
        "kzoo.registry.list_models = lambda *_: eval(\"__import__('signal').raise_signal(2)\")\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "kzoo", "models"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (130, "")


COMPILATION = """
import os, signal, sys, threading
import keras
import numpy as np
import kzoo.registry
from kzoo.cli.main import run
from kzoo.training.engines import engine

def slow(x):
    for _ in range(30):
        x = keras.ops.sort(keras.ops.sin(x)) + keras.random.normal((8, 8), seed=0)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    return x

kzoo.registry.list_models = lambda *_: engine().compile_function(slow, [])(np.ones((8, 8), "float32"))
sys.argv = ["kzoo", "models"]
run()
"""
"""A verb that gets a Ctrl-C while it compiles, which takes some seconds."""


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX alone compiles in a thread")
def test_one_in_a_compilation_ends_with_130(python):
    done = python(COMPILATION, JAX_ENABLE_COMPILATION_CACHE="0")
    assert (done.exit_code, done.stderr) == (130, "")
