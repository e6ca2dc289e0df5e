"""`python -m kzoo.bench.footprint BACKEND CASE`: measure the memory of one call, in a process of its own.

Allocators do not return all freed memory to the system, so each process measures a single call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kzoo import runtime
from kzoo.bench.case import AttentionCase
from kzoo.bench.own_process import run_module
from kzoo.errors import UsageError

WARM_LENGTH = 64
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def check_supported() -> None:
    """Raise UsageError if the system does not report the peak memory of a process."""
    if not CLEAR.exists():
        raise UsageError("--memory needs Linux: it reads the peak memory of a process from /proc")


def measure(backend: str, case: AttentionCase) -> int:
    """Run the case once in a process of its own, and return its peak memory in bytes.

    The memory of the inputs and outputs does not count.

    Raises:
        KzooError: the process stopped, for instance because it ran out of memory.
    """
    return int(run_module("footprint", backend, case.model_dump_json(), what=f"measures {case}"))


def extra_bytes(case: AttentionCase) -> int:
    """Return the peak memory of one call in this process, in bytes, beyond its inputs and outputs.

    A short call precedes it and the call is compiled before, so that neither set-up nor compilation counts.
    """
    from kzoo.bench.compilers import compiler

    case.model_copy(update={"length": WARM_LENGTH}).compile()()
    run = case.compile()
    peak = compiler().device_peak(run)
    if peak is None:
        peak = _resident_peak(run)
    return max(0, peak - case.output_bytes)


def _resident_peak(run: Callable[[], Any]) -> int:
    """Return by how many bytes the resident memory of this process rises while `run()` runs."""
    CLEAR.write_text("5")  # resets the peak
    before = status("VmRSS")
    run()
    return status("VmHWM") - before


def status(name: str) -> int:
    """Return a value of /proc/self/status in bytes."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])


def main() -> None:
    """Measure the case of the command line and print the bytes."""
    backend, case = sys.argv[1:]
    runtime.start(backend)
    print(extra_bytes(AttentionCase.model_validate_json(case)))


if __name__ == "__main__":
    main()
