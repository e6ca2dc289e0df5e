"""`python -m kzoo.bench.worker WORKER RACE TASK`: the process of a worker."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from kzoo.bench.task import TASKS
from kzoo.bench.timed_worker import Stopwatch
from kzoo.errors import KzooError


def main() -> None:
    """Do the pieces of work of the command line's task, each timed, until the race ends."""
    name, race, task = sys.argv[1:]
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # all other output goes to stderr
    stopwatch = Stopwatch(sys.stdin, answers)
    try:
        run = getattr(import_module(f"kzoo.bench.{name}"), race)
        run(TASKS[race].model_validate_json(task), stopwatch)
    except KzooError as error:
        stopwatch.fail(error)


if __name__ == "__main__":
    main()
