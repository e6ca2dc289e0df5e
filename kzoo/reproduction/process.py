"""A pool of processes that run commands, each with its share of the cores, and that stop together."""

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
"""Exit codes of a process that was stopped by Ctrl-C."""

_ERRORS = {kind.exit_code: kind for kind in (KzooError, UsageError, DataError, MissingExtraError)}


class ProcessPool:
    """Processes that run commands, `size` of them at a time.

    A single process has the whole machine, as `kzoo train` has. Each of several has its share of the cores,
    and under JAX of the GPU's memory. TensorFlow and PyTorch take GPU memory only as they need it.
    """

    def __init__(self, size: int) -> None:
        self._environment = {**(_share(size) if size > 1 else {}), **os.environ}
        self._lock, self._live, self._stopped = Lock(), set[subprocess.Popen[str]](), False

    def ask(self, module: str, *words: object) -> Any:
        """Run a command and return the JSON that it prints.

        Raises:
            KzooError: the command failed; its exit code selects the subclass.
            KeyboardInterrupt: the command was stopped.
        """
        with self._started(module, words, subprocess.PIPE, subprocess.PIPE) as process:
            answer, said = process.communicate()
        if process.returncode:
            raise _ERRORS.get(process.returncode, KzooError)(explain(process.returncode, said.splitlines()))
        return json.loads(answer)

    def follow(self, log: Path, listen: Callable[[str], None], module: str, *words: object) -> str:
        """Run a command, append its output to a log, and pass each line of stderr to `listen`.

        Returns:
            The reason why the command failed, empty if it succeeded.

        Raises:
            KeyboardInterrupt: the command was stopped.
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
        """Stop all processes and start no more; a training loses its current epoch."""
        with self._lock:
            self._stopped = True
            for process in self._live:
                process.terminate()

    @contextmanager
    def _started(
        self, module: str, words: Sequence[object], stdout: Any, stderr: Any
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a process for a `with` block, and wait for its end; terminate it if the block fails.

        Raises:
            KeyboardInterrupt: the process was stopped before its end.
        """
        process = self._start(module, words, stdout, stderr)
        try:
            with process:  # closes its pipes
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
    """Return one line on why a process failed: its own error message, otherwise its last line."""
    if code < 0:
        return f"its process was stopped by signal {-code}" + (" (out of memory?)" if code == -9 else "")
    own = [line.removeprefix("kzoo: ") for line in said if line.startswith("kzoo: ")]
    return (own or [line for line in said if line.strip()] or [f"its process ended with code {code}"])[-1]


def core_count() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _share(size: int) -> dict[str, str]:
    """Return environment variables for one process's share of the cores and, in JAX, of GPU memory."""
    threads = str(max(1, core_count() // size))
    names = ("TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "NPROC")  # NPROC is XLA's
    return {**dict.fromkeys(names, threads), "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.9 / size:.2f}"}
