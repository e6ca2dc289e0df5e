"""The machine of a race: its description, and whether it does other work than the race.

The load average covers the minute before, and thus an earlier race too. Other work is therefore measured
between two readings, as the work of all processors minus the work of this process and its finished children.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

IDLE = 0.2
"""The number of processors that may be busy with other work. It is no share of all processors, because
PyTorch is much slower than with one thread as soon as a single core is shared with another process."""

INTERVAL = 2.0
"""The seconds between two readings while the race waits."""

STAT, CPUINFO = Path("/proc/stat"), Path("/proc/cpuinfo")

Report = Callable[[str], None]


class Reading(NamedTuple):
    """The seconds of a clock, of all work of the processors so far, and of this process's own work."""

    clock: float
    busy: float
    own: float


def busy_processors(before: Reading, after: Reading) -> float:
    """Return the number of processors that were busy with other work between two readings."""
    busy, own = after.busy - before.busy, after.own - before.own
    return max(0.0, (busy - own) / (after.clock - before.clock))


def is_idle(*busy: float | None) -> bool:
    """Return whether the machine was idle, from the processors that were busy before and during a race.

    A number that the system does not report is None. At least one number must be known.
    """
    told = [processors for processors in busy if processors is not None]
    return bool(told) and max(told) <= IDLE


def read() -> Reading | None:
    """Read the work of the processors so far; None if the system does not report it."""
    try:
        first, *_ = STAT.read_text().splitlines()
    except OSError:
        return None
    user, nice, system, _, _, *others = (int(ticks) for ticks in first.split()[1:9])
    ticks = user + nice + system + sum(others)
    return Reading(time.perf_counter(), ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4]))


@dataclass(frozen=True)
class Watch:
    """The state of the machine at the start of a race: the processors busy just before, and a reading."""

    before: float | None
    start: Reading | None

    def facts(self) -> dict[str, Any]:
        """Return the machine, its busy processors before and during the race, and whether it was busy."""
        end = read()
        during = busy_processors(self.start, end) if self.start and end else None
        return {
            "machine": describe(),
            "busy_before": self.before,
            "busy_during": during,
            "busy": not is_idle(self.before, during),
        }


def wait_until_idle(seconds: float, report: Report) -> Watch:
    """Wait until the machine is idle, for at most some seconds, and start to watch it."""
    deadline, told = time.perf_counter() + seconds, False
    while True:
        before = _measure()
        if is_idle(before) or time.perf_counter() + INTERVAL > deadline:
            return Watch(before, read())
        if not told:
            report(f"waiting for an idle machine for at most {seconds:.0f} s: {spell_busy(before)}")
            told = True


def spell_busy(processors: float | None) -> str:
    """Spell how busy the machine is."""
    if processors is None:
        return "the system does not report how busy it is"
    return f"{processors:.1f} of {os.cpu_count()} processors busy with other work"


def describe() -> str:
    """Return the processor's name and the number of cores."""
    return f"{_processor()}, {os.cpu_count()} cores"


def _measure() -> float | None:
    """Measure the busy processors, or return the load average if the system does not report them."""
    first = read()
    time.sleep(INTERVAL)
    second = read()
    if first and second:
        return busy_processors(first, second)
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _processor() -> str:
    """Return the processor's name from /proc/cpuinfo, otherwise what Python knows of it."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
