"""Timed workers: processes that do pieces of work on request and report the seconds of each.

The workers of a race are separate processes, because the threads of two frameworks in one process would wait
for each other. One worker works at a time while the others are idle. A line on its stdin starts a piece of
work, and the worker answers with a line of JSON when it is done.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TextIO

from pydantic import BaseModel

from kzoo import errors

KILLED = -9
"""The exit code of a process that was ended by SIGKILL."""


class KilledError(errors.KzooError):
    """A worker was killed, as the system does when memory runs out."""


class Stopwatch:
    """The worker's side: it waits for a start and answers with the seconds."""

    def __init__(self, commands: TextIO, answers: TextIO) -> None:
        self._commands, self._answers = commands, answers
        self._wait()

    def done(self, **facts: Any) -> None:
        """Answer with the seconds since the start and with facts, and wait for the next start.

        Raises:
            SystemExit: the race has ended.
        """
        seconds = time.perf_counter() - self._started
        self._answer({"seconds": seconds, **facts})
        self._wait()

    def fail(self, error: errors.KzooError) -> None:
        """Answer with an error."""
        self._answer({"error": type(error).__name__, "message": str(error)})

    def _answer(self, content: dict[str, Any]) -> None:
        try:
            print(json.dumps(content), file=self._answers, flush=True)
        except BrokenPipeError:  # the race has stopped
            raise SystemExit from None

    def _wait(self) -> None:
        if not self._commands.readline():
            raise SystemExit
        self._started = time.perf_counter()


class TimedWorker:
    """The race's side: a process that runs `kzoo.bench.worker` on a task until the context ends."""

    def __init__(self, name: str, race: str, task: BaseModel) -> None:
        self._name = name
        # -P keeps the current folder off the module path, as the kzoo command does. With a session of its
        # own the worker gets no Ctrl-C: only the race does, which then ends its workers.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kzoo.bench.worker", name, race, task.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.terminate()
        self._process.communicate()

    def time(self) -> dict[str, Any]:
        """Have the next piece of work done, and return its `seconds` and further facts.

        Raises:
            KilledError: the worker was killed.
            KzooError: the worker failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # the worker has stopped
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise (KilledError if code == KILLED else errors.KzooError)(
                f"the {self._name} worker stopped with code {code}: see its output above"
            )
        answer = json.loads(line)
        if "error" in answer:
            raise getattr(errors, answer["error"], errors.KzooError)(answer["message"])
        return answer
