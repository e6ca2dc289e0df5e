"""The statement of a report, the result of a computation, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "erratum"]


@dataclass(frozen=True)
class Claim:
    """The statement of a report, and the verdict on record.

    `source` names reports and questions, for example `R000 1.1, R002 1.1`.
    """

    name: str
    source: str
    statement: str
    expected: Verdict = "holds"

    def comes_from(self, report: str) -> bool:
        """Return whether this report, or this question of a report, is among the sources."""
        return any(f"{part} ".startswith(f"{report} ") for part in self.source.split(", "))


@dataclass(frozen=True)
class Finding:
    """The result of a computation: whether the statement holds, the computed values, and the correction.

    `corrected` is given only if the correction itself was checked against the computation.
    """

    holds: bool
    computed: str
    corrected: str = ""


@dataclass(frozen=True)
class CheckedClaim:
    """A claim with its verdict.

    `as_recorded` is True if the verdict is the one on record and, for an erratum, a correction was found.
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
    """Compare a finding with the verdict on record."""
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
