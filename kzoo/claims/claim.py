"""A statement of a report, what a computation finds, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "erratum"]


@dataclass(frozen=True)
class Claim:
    """What a report states, and the verdict that is on record.

    `source` names reports and questions, `R000 1.1, R002 1.1`.
    """

    name: str
    source: str
    statement: str
    expected: Verdict = "holds"

    def comes_from(self, report: str) -> bool:
        """Whether this report, or this question of it, is among the sources."""
        return any(f"{part} ".startswith(f"{report} ") for part in self.source.split(", "))


@dataclass(frozen=True)
class Finding:
    """What a computation finds: whether the statement holds, the figures, and what is right in its place.

    `corrected` is given only if it was itself held against the computation.
    """

    holds: bool
    computed: str
    corrected: str = ""


@dataclass(frozen=True)
class CheckedClaim:
    """A claim with its verdict.

    `as_recorded` says that the verdict is the one on record and, for an erratum, that a correction was found.
    """

    name: str
    source: str
    statement: str
    computed: str
    verdict: Verdict
    corrected: str
    expected: Verdict
    as_recorded: bool


def judge(claim: Claim, finding: Finding) -> CheckedClaim:
    """Hold what was found against what is on record."""
    verdict: Verdict = "holds" if finding.holds else "erratum"
    return CheckedClaim(
        name=claim.name,
        source=claim.source,
        statement=claim.statement,
        computed=finding.computed,
        verdict=verdict,
        corrected="" if finding.holds else finding.corrected,
        expected=claim.expected,
        as_recorded=verdict == claim.expected and (finding.holds or finding.corrected != ""),
    )
