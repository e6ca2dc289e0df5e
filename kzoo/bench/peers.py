"""Whom kzoo races against, and with how many threads."""

from __future__ import annotations

from typing import Any

STUDENT, TIGHT, FIT = "student", "tight", "fit"
"""The peers by the modules of their workers: a reference's own loop, a tight loop of PyTorch, and Keras's
`model.fit`."""

TORCH_THREADS = (1, None)
"""PyTorch races with one thread and with as many as it takes by itself: which is faster depends on the model,
and a process cannot go back."""

THREADS = {STUDENT: TORCH_THREADS, TIGHT: TORCH_THREADS, FIT: (None,)}
"""The threads of each peer's workers."""


def name_side(peer: str, side: dict[str, Any]) -> str:
    """What a peer with its number of threads is called; Keras does not say how many it has."""
    return f"{peer} ({spell_threads(side['threads'])})" if "threads" in side else peer


def spell_threads(threads: int) -> str:
    """A number of threads in words."""
    return "1 thread" if threads == 1 else f"{threads} threads"
