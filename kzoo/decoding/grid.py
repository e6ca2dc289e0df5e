"""The grid of decoding methods from which one is chosen, defined without importing Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from kzoo.decoding.options import Decoding


def decoding_grid(
    beams: Sequence[int], length_penalties: Sequence[float], sampling: Mapping[str, Sequence[float]]
) -> list[Decoding]:
    """Return beam searches, then nucleus sampling, at all combinations of their options, each once.

    Args:
        beams: the beam widths; 1 is greedy decoding, which no length penalty changes.
        length_penalties: the length penalties of the beam searches.
        sampling: the values of options of nucleus sampling by name; without any there is no sampling.

    Raises:
        UsageError: a value is out of range.
    """
    searches = [
        Decoding() if beam == 1 else Decoding("beam", beam=beam, length_penalty=penalty)
        for beam, penalty in product(beams, length_penalties)
    ]
    points = product(*sampling.values()) if sampling else ()
    samplings = [
        Decoding("nucleus", **dict(zip(sampling, point, strict=True)))  # type: ignore[arg-type]
        for point in points
    ]
    return list(dict.fromkeys([*searches, *samplings]))
