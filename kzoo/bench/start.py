"""The time from the prompt to the answer: whole processes of `kzoo`, beside the imports that they need."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from kzoo.bench.machine import Report
from kzoo.errors import KzooError

Command = tuple[list[str], dict[str, str]]
"""The words of a command after the name of the interpreter, and its environment variables."""


def race_start(
    run: Path, inputs: Sequence[str], backends: Sequence[str], rounds: int, report: Report
) -> dict[str, list[float]]:
    """Time commands in turn, each as a process of its own, and return the seconds of each in every round.

    `help` is `kzoo --help`, and `imports` are the packages that it imports. For each backend,
    `predict BACKEND` is `kzoo predict RUN INPUTS`, and `keras BACKEND` is `import keras`. A first round that
    fills the cache of files does not count.

    Raises:
        KzooError: a command failed.
    """
    commands: dict[str, Command] = {
        "help": (["-P", "-m", "kzoo", "--help"], {}),
        "imports": (["-c", "import typer, rich"], {}),
    }
    for backend in backends:
        words = ["-P", "-m", "kzoo", "predict", str(run), *inputs, "--plain", "--backend", backend]
        commands[f"predict {backend}"] = (words, {})
        commands[f"keras {backend}"] = (["-c", "import keras"], {"KERAS_BACKEND": backend})
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            seconds[name].append(_time(name, command))
        report(
            f"round {number}/{rounds}: "
            + ", ".join(f"{name} {each[-1]:.2f} s" for name, each in seconds.items())
        )
    return {name: each[1:] for name, each in seconds.items()}


def medians(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Return the median seconds of each command."""
    return {name: median(each) for name, each in seconds.items()}


def _time(name: str, command: Command) -> float:
    words, variables = command
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise KzooError(f"{name} failed: {(done.stderr.strip().splitlines() or ['without a message'])[-1]}")
    return time.perf_counter() - begun
