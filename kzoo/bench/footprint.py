"""`python -m kzoo.bench.footprint BACKEND CASE`: the memory that one call needs, in a process of its own.

No allocator gives back to the system all that it has been given back, so a process measures one call only.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kzoo import runtime
from kzoo.bench.case import AttentionCase
from kzoo.errors import KzooError, UsageError

WARM_LENGTH = 64
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def check_supported() -> None:
    """Raise UsageError where a process cannot be asked for its peak memory."""
    if not CLEAR.exists():
        raise UsageError("--memory reads the peak of a process from /proc, which Linux only has")


def measure(backend: str, case: AttentionCase) -> int:
    """Have a process of its own run the case once; the bytes at its peak beyond its inputs and outputs.

    Raises:
        KzooError: the process was stopped, as one that wants more memory than there is.
    """
    command = [sys.executable, "-P", "-m", "kzoo.bench.footprint", backend, case.model_dump_json()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        raise KzooError(f"the process that measures {case} stopped: {reason}")
    return int(done.stdout)


def extra_bytes(case: AttentionCase) -> int:
    """The bytes at the peak of one call beyond its inputs and outputs, in this process.

    A short call comes first, so that what a backend sets up once is no part of it, nor is compilation.
    """
    from kzoo.bench.compilers import compiler

    case.model_copy(update={"length": WARM_LENGTH}).compile()()
    run = case.compile()
    peak = compiler().device_peak(run)
    if peak is None:
        peak = _resident_peak(run)
    return max(0, peak - case.output_bytes)


def _resident_peak(run: Callable[[], Any]) -> int:
    """How far the resident memory of this process rises above what it is now while `run()` runs."""
    CLEAR.write_text("5")  # resets the peak
    before = _status("VmRSS")
    run()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    """A figure of /proc/self/status, in bytes."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])


def main() -> None:
    """Print the bytes."""
    backend, case = sys.argv[1:]
    runtime.start(backend)
    print(extra_bytes(AttentionCase.model_validate_json(case)))


if __name__ == "__main__":
    main()
