"""The registry of claims by name.

A claim is a decorated function that computes a finding. Tests and `kzoo claims` look it up here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from kzoo.claims.claim import CheckedClaim, Claim, Finding, judge
from kzoo.errors import UsageError
from kzoo.names import suggestion

Check = Callable[..., Finding]

MODULES = ("convolution", "attention", "linear_attention", "parameters")
_CLAIMS: dict[str, tuple[Claim, Check]] = {}


def register_claim(claim: Claim) -> Callable[[Check], Check]:
    """Register the decorated function under `claim.name`.

    The function's arguments are what the report states; their defaults are the report's own.

    Raises:
        ValueError: the name is taken.
    """

    def register(check: Check) -> Check:
        if claim.name in _CLAIMS:
            raise ValueError(f"a claim named {claim.name!r} is registered already")
        _CLAIMS[claim.name] = (claim, check)
        return check

    return register


def _entries() -> dict[str, tuple[Claim, Check]]:
    for module in MODULES:
        import_module(f"kzoo.claims.{module}")
    return _CLAIMS


def list_claims(source: str | None = None) -> list[str]:
    """Return the names of all claims, or of those of one report (`R001`) or question (`R001 1.3`).

    Raises:
        UsageError: no claim comes from this source; the message lists the known sources.
    """
    claims = [claim for claim, _ in _entries().values()]
    names = [claim.name for claim in claims if source is None or claim.comes_from(source)]
    if not names:
        known = {part for claim in claims for part in claim.source.split(", ")}
        reports = {part.split()[0] for part in known}
        raise UsageError(f"no claim comes from {source!r}; known: {', '.join(sorted(known | reports))}")
    return names


def check_claim(name: str, **stated: Any) -> CheckedClaim:
    """Compute one claim.

    Args:
        name: one of `list_claims()`.
        stated: arguments of the claim's function that replace the report's statement.

    Raises:
        UsageError: there is no such claim; the message names the nearest.
    """
    entries = _entries()
    if name not in entries:
        raise UsageError(f"no claim is called {name!r}; {suggestion(name, entries)}")
    claim, check = entries[name]
    return judge(claim, check(**stated))


def check_claims(source: str | None = None) -> list[CheckedClaim]:
    """Compute all claims, or those of one source. Raises UsageError if no claim comes from it."""
    return [check_claim(name) for name in list_claims(source)]
