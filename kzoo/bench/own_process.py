"""Measurements that take a process of their own."""

from __future__ import annotations

import subprocess
import sys

from kzoo.errors import KzooError


def run_module(module: str, *arguments: str, what: str) -> str:
    """Run a module of `kzoo.bench` in a process of its own, and return what it prints.

    `what` is what it does, for the error message.

    Raises:
        KzooError: the process stopped, for instance because it ran out of memory.
    """
    command = [sys.executable, "-P", "-m", f"kzoo.bench.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        raise KzooError(f"the process that {what} stopped: {reason}")
    return done.stdout
