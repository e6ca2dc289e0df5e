"""The results of record as Markdown tables, and the blocks of a document that hold them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from kzoo.errors import UsageError
from kzoo.metrics.table import label_of
from kzoo.recipe import Figure
from kzoo.reporting.page.spelling import MISSING, interval, number, plus_minus
from kzoo.reproduction.measured import Measured
from kzoo.reproduction.table import Table
from kzoo.reproduction.verdict import Outcome

_MARK = re.compile(r"^<!-- records (\S+) -->", re.MULTILINE)
_BLOCK = re.compile(rf"({_MARK.pattern}\n)(?:(?!<!-- records ).)*?(^<!-- end -->)", re.DOTALL | re.MULTILINE)


def records_markdown(table: Table, outcomes: Sequence[Outcome]) -> str:
    """Return a table of metrics (published figures in brackets) and verdicts; then notes and environments.

    The interval is that of the first metric, which decides the verdict. A row that was run on several
    backends has a line for each.
    """
    counts = Counter(outcome.row.name for outcome in outcomes)
    lines = [
        f"| {table.name} | {' | '.join(map(label_of, table.figures))} | 95 % interval | runs | verdict |",
        f"|---|{'---:|' * len(table.figures)}---:|---:|---|",
        *(_line(outcome, table, counts[outcome.row.name] > 1) for outcome in outcomes),
    ]
    notes = [f"- {note}" for note in filter(None, (table.note, *row_notes(outcomes)))]
    return "\n".join([*lines, "", *notes, *([""] if notes else []), made_with(outcomes), ""])


def made_with(outcomes: Sequence[Outcome]) -> str:
    """Return a line with the number of runs, their environments, and the commits of kzoo.

    Their times are left out, because other work on the machine may have slowed them.
    """
    results = {
        (result.run, result.recipe, result.seed, result.seconds): result
        for outcome in outcomes
        for result in outcome.results
    }.values()
    places = dict.fromkeys(
        f"{result.backend} {result.versions.get(result.backend, '')}, {result.device}" for result in results
    )
    commits = ", ".join(dict.fromkeys(short_commit(result.commit) for result in results if result.commit))
    code = f", kzoo {commits}" if commits else ""
    runs = "1 run" if len(results) == 1 else f"{len(results)} runs"
    return f"{runs} on {'; '.join(places)}{code}" if results else ""


def short_commit(commit: str) -> str:
    """Return the first seven digits of a commit, with the suffix that says whether files differed from it."""
    head, plus, changes = commit.partition("+")
    return head[:7] + plus + changes


def row_notes(outcomes: Sequence[Outcome]) -> list[str]:
    """Return each note of the rows once, after the names of the rows that have it."""
    rows: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        for note in outcome.notes:
            rows.setdefault(note, {})[outcome.row.name] = None
    count = len({outcome.row.name for outcome in outcomes})
    return [
        f"{'all rows' if len(names) == count > 1 else ', '.join(names)}: {note}"
        for note, names in rows.items()
    ]


def mean_and_spread(measured: Measured) -> str:
    """Spell a mean, with the standard deviation over the seeds if there are several."""
    return f"{number(measured.mean)} {plus_minus(measured.spread)}".rstrip()


def list_blocks(document: str) -> list[str]:
    """List the tables that have a block `<!-- records TABLE -->...<!-- end -->` in a document.

    Raises:
        UsageError: a block does not end.
    """
    blocks = [found[2] for found in _BLOCK.finditer(document)]
    if unended := Counter(_MARK.findall(document)) - Counter(blocks):
        name = next(iter(unended))
        raise UsageError(
            f"<!-- records {name} --> does not end: put it and <!-- end --> on lines of their own"
        )
    return blocks


def fill_blocks(document: str, told: Mapping[str, str]) -> str:
    """Return the document with the text of each table in its block; blocks of other tables are unchanged."""
    return _BLOCK.sub(
        lambda found: f"{found[1]}{told[found[2]]}{found[3]}" if found[2] in told else found[0], document
    )


def _line(outcome: Outcome, table: Table, name_backend: bool) -> str:
    """Return the line of a row in a Markdown table, with its backend if `name_backend`."""
    measured = outcome.measured.get(table.decides)
    cells = (
        outcome.row.name + (f", {outcome.results[0].backend}" if name_backend else ""),
        *(_figure(outcome, name) for name in table.figures),
        MISSING if measured is None else interval(measured.interval),
        str(len(outcome.results)),
        outcome.verdict,
    )
    return f"| {' | '.join(cells)} |"


def _figure(outcome: Outcome, name: Figure) -> str:
    """Spell a measured metric with its published figure in brackets."""
    measured, published = outcome.measured.get(name), outcome.row.published.get(name)
    told = MISSING if measured is None else mean_and_spread(measured)
    return told if published is None else f"{told} ({number(published)})"
