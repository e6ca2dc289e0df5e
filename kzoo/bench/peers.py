"""The peers that kzoo races against, and their numbers of threads."""

from __future__ import annotations

from typing import Any

STUDENT, TIGHT, FIT = "student", "tight", "fit"
"""The peers, named after the modules of their workers: a reference's own loop, a tight loop of PyTorch, and
Keras's `model.fit`."""

TORCH_THREADS = (1, None)
"""PyTorch races with one thread and with its default number, because the model decides which is faster. Each
number has a process of its own, because a process cannot go back to the default."""

THREADS = {STUDENT: TORCH_THREADS, TIGHT: TORCH_THREADS, FIT: (None,)}
"""The numbers of threads of each peer's workers, None for the default."""


def name_side(peer: str, side: dict[str, Any]) -> str:
    """Return the name of a peer with its number of threads, which is unknown for Keras."""
    return f"{peer} ({spell_threads(side['threads'])})" if "threads" in side else peer


def spell_threads(threads: int) -> str:
    """Spell a number of threads."""
    return "1 thread" if threads == 1 else f"{threads} threads"
