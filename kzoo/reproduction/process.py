"""Commands in processes of their own: some at a time, each with its share of the cores, stopped together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from kzoo.errors import DataError, KzooError, MissingExtraError, UsageError

INTERRUPTED = (130, -2)
"""Exit codes of a process that got a Ctrl-C."""

_ERRORS = {kind.exit_code: kind for kind in (KzooError, UsageError, DataError, MissingExtraError)}


class ProcessPool:
    """Processes at work, `size` of them at a time.

    One alone has the whole machine as `kzoo train` has; of several each has its share of the cores, and on a
    GPU under JAX of its memory, which TensorFlow and PyTorch take only as they need it.
    """

    def __init__(self, size: int) -> None:
        self._environment = {**(_share(size) if size > 1 else {}), **os.environ}
        self._lock, self._live, self._stopped = Lock(), set[subprocess.Popen[str]](), False

    def ask(self, module: str, *words: object) -> Any:
        """The JSON that a command prints.

        Raises:
            KzooError: the command failed; the error is of the kind that its exit code tells.
            KeyboardInterrupt: it was stopped.
        """
        with self._started(module, words, subprocess.PIPE, subprocess.PIPE) as process:
            answer, said = process.communicate()
        if process.returncode:
            raise _ERRORS.get(process.returncode, KzooError)(explain(process.returncode, said.splitlines()))
        return json.loads(answer)

    def follow(self, log: Path, listen: Callable[[str], None], module: str, *words: object) -> str:
        """Run a command, add what it says to a log and hear each line; why it failed, empty if it did not.

        Raises:
            KeyboardInterrupt: it was stopped.
        """
        said = []
        with (
            log.open("a", encoding="utf-8") as file,
            self._started(module, words, file, subprocess.PIPE) as process,
        ):
            for line in process.stderr or ():
                file.write(line)
                file.flush()
                said.append(line.rstrip("\n"))
                listen(said[-1])
        return explain(process.returncode, said) if process.returncode else ""

    def stop(self) -> None:
        """Stop all of them, and start no more; a training loses the epoch that it was in."""
        with self._lock:
            self._stopped = True
            for process in self._live:
                process.terminate()

    @contextmanager
    def _started(
        self, module: str, words: Sequence[object], stdout: Any, stderr: Any
    ) -> Iterator[subprocess.Popen[str]]:
        """A process, which ends before this does: stopped if what is done with it fails.

        Raises:
            KeyboardInterrupt: the process was stopped rather than done.
        """
        process = self._start(module, words, stdout, stderr)
        try:
            yield process
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
            with self._lock:
                self._live.discard(process)
        if self._stopped or process.returncode in INTERRUPTED:
            raise KeyboardInterrupt

    def _start(self, module: str, words: Sequence[object], stdout: Any, stderr: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", module, *map(str, words)]
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=self._environment,
                encoding="utf-8",
                errors="replace",
            )
            self._live.add(process)
        return process


def explain(code: int, said: Sequence[str]) -> str:
    """One line about a process that failed: its own error, else the last that it said."""
    if code < 0:
        return f"its process was stopped by signal {-code}" + (", for want of memory?" if code == -9 else "")
    own = [line.removeprefix("kzoo: ") for line in said if line.startswith("kzoo: ")]
    return (own or [line for line in said if line.strip()] or [f"its process ended with code {code}"])[-1]


def core_count() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _share(size: int) -> dict[str, str]:
    threads = str(max(1, core_count() // size))
    names = ("TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "NPROC")  # NPROC is XLA's
    return {**dict.fromkeys(names, threads), "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.9 / size:.2f}"}
