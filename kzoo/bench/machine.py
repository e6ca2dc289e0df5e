"""The machine of a race: what it is, and whether other work than the race is done on it.

The load average remembers the minute before, a race of the last minute among it. So other work is what the
processors did between two readings beyond what this process and its finished children did.
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
"""Processors that may be busy with other work. Threads of PyTorch that share one core with another process
are slower than one thread by far, so a share of all processors says nothing."""

INTERVAL = 2.0
"""Seconds between two readings while the race waits."""

STAT, CPUINFO = Path("/proc/stat"), Path("/proc/cpuinfo")

Report = Callable[[str], None]


class Reading(NamedTuple):
    """Seconds of a clock, those for which processors have worked so far, and this process's share of them."""

    clock: float
    busy: float
    own: float


def busy_processors(before: Reading, after: Reading) -> float:
    """How many processors were busy with other work between two readings."""
    busy, own = after.busy - before.busy, after.own - before.own
    return max(0.0, (busy - own) / (after.clock - before.clock))


def is_idle(*busy: float | None) -> bool:
    """Whether figures of a race hold, from the processors that were busy before it and during it.

    What the system does not tell is None: it must tell one of them.
    """
    told = [processors for processors in busy if processors is not None]
    return bool(told) and max(told) <= IDLE


def read() -> Reading | None:
    """What the processors have done so far, None where the system does not tell."""
    try:
        first, *_ = STAT.read_text().splitlines()
    except OSError:
        return None
    user, nice, system, _, _, *others = (int(ticks) for ticks in first.split()[1:9])
    ticks = user + nice + system + sum(others)
    return Reading(time.perf_counter(), ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4]))


@dataclass(frozen=True)
class Watch:
    """What the machine did when a race began: the processors that were busy just before, and a reading."""

    before: float | None
    start: Reading | None

    def facts(self) -> dict[str, Any]:
        """The machine, the processors that were busy before the race and during it, and whether too many."""
        end = read()
        during = busy_processors(self.start, end) if self.start and end else None
        return {
            "machine": describe(),
            "busy_before": self.before,
            "busy_during": during,
            "busy": not is_idle(self.before, during),
        }


def wait_until_idle(seconds: float, report: Report) -> Watch:
    """Wait until the machine is idle, but not for longer than some seconds, and watch it from then on."""
    deadline, told = time.perf_counter() + seconds, False
    while True:
        before = _measure()
        if is_idle(before) or time.perf_counter() + INTERVAL > deadline:
            return Watch(before, read())
        if not told:
            report(f"waiting for an idle machine for at most {seconds:.0f} s: {spell_busy(before)}")
            told = True


def spell_busy(processors: float | None) -> str:
    """How busy the machine is, in words."""
    if processors is None:
        return "the system does not tell how busy it is"
    return f"{processors:.1f} of {os.cpu_count()} processors busy with other work"


def describe() -> str:
    """The processor's name and the number of cores."""
    return f"{_processor()}, {os.cpu_count()} cores"


def _measure() -> float | None:
    """The processors that are busy now; where they cannot be read, the load average of the last minute."""
    first = read()
    time.sleep(INTERVAL)
    second = read()
    if first and second:
        return busy_processors(first, second)
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _processor() -> str:
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
