"""The claims by name.

A claim is one decorated function that computes. Tests and `kzoo claims` find it here.
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
    """The names of the claims, of one report (`R001`) or question (`R001 1.3`) if `source` is given.

    Raises:
        UsageError: no claim comes from there; the sources that there are are given.
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
        stated: another statement in place of the report's, by the arguments of the claim's function.

    Raises:
        UsageError: no such claim; the nearest name is given.
    """
    entries = _entries()
    if name not in entries:
        raise UsageError(f"no claim is called {name!r}; {suggestion(name, entries)}")
    claim, check = entries[name]
    return judge(claim, check(**stated))


def check_claims(source: str | None = None) -> list[CheckedClaim]:
    """Compute all claims, or those of one report. Raises UsageError for an unknown one."""
    return [check_claim(name) for name in list_claims(source)]
