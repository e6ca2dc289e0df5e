"""What the verbs print: tables for people, JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def print_json(obj: Any) -> None:
    """Print `obj` as JSON, the only thing that a verb prints on stdout under `--json`."""
    print(json.dumps(obj, indent=2, ensure_ascii=False))


def console() -> Console:
    """A console on stdout; it honours NO_COLOR and prints plain text into a pipe."""
    from rich.console import Console

    return Console()


def error_console() -> Console:
    """A console on stderr, for progress and messages."""
    from rich.console import Console

    return Console(stderr=True)
