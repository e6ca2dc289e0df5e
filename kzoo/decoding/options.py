"""Decoding methods and their options, defined without importing Keras."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from kzoo.errors import UsageError
from kzoo.names import suggestion

Method = Literal["greedy", "beam", "nucleus"]

OPTIONS: dict[Method, tuple[str, ...]] = {
    "greedy": (),
    "beam": ("beam", "length_penalty"),
    "nucleus": ("top_p", "top_k", "temperature", "samples", "seed"),
}
"""The options of `Decoding` that each method uses."""


MOST = 1_000
"""The maximum beam width and number of samples; time and memory grow with both."""


@dataclass(frozen=True)
class Decoding:
    """A decoding method and its options; `samples` is the number of sampled passes."""

    method: Method = "greedy"
    beam: int = 4
    length_penalty: float = 0.0
    top_p: float = 0.8
    top_k: int | None = None
    temperature: float = 1.0
    samples: int = 1
    seed: int = 42

    def __post_init__(self) -> None:
        if self.method not in OPTIONS:
            known = suggestion(self.method, OPTIONS)
            raise UsageError(f"no decoding method is called {self.method!r}; {known}")
        for name, number in (("a beam", self.beam), ("a number of samples", self.samples)):
            if not 1 <= number <= MOST:
                raise UsageError(f"{name} must be 1 to {MOST:,}, not {number:,}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p must lie in (0, 1], not {self.top_p}")
        if not 0 < self.temperature < math.inf:
            raise UsageError(f"a temperature must be positive, not {self.temperature}")
        if not math.isfinite(self.length_penalty):
            raise UsageError(f"a length penalty must be a number, not {self.length_penalty}")

    @property
    def beams(self) -> int:
        """The number of sequences that are extended at a time for each source."""
        return self.beam if self.method == "beam" else 1

    def to_json(self) -> dict[str, Any]:
        """Return the method and those of its options that are set."""
        options = {name: getattr(self, name) for name in OPTIONS[self.method]}
        return {
            "method": self.method,
            **{name: value for name, value in options.items() if value is not None},
        }
