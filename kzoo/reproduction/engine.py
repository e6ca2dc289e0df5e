"""The engine that makes the runs of a table, both for published tables and for a user's own grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kzoo.errors import KzooError
from kzoo.reproduction.code import code_version
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.job import Job
from kzoo.reproduction.plan import FILE, Plan, create_job, create_plan, load_plan
from kzoo.reproduction.probe import Answers, Probe
from kzoo.reproduction.table import Row
from kzoo.reproduction.work import Watcher, work


@dataclass(frozen=True)
class Engine:
    """Makes runs in a folder, and keeps their plan there.

    Args:
        root: the folder.
        seeds: the number of runs of each row.
        size: the number of runs made at a time.
        require_data: refuse a stand-in.
        announce: called with the description of each data set before training on it.
        watcher: told about the progress of the runs.
        words: the `words` of the plan.
    """

    root: Path
    seeds: int
    size: int
    require_data: bool
    announce: Callable[[dict[str, Any]], None]
    watcher: Watcher
    words: tuple[str, ...] = ()
    _answers: Answers = field(default_factory=dict)

    def ask(self, conditions: Conditions, row: Row) -> dict[str, Any]:
        """Return the answer of `kzoo train --dry-run` for a row.

        Raises:
            KzooError: the recipe or its data are wrong.
        """
        known = {answer["data"]["sha256"] for answer in self._answers.values()}
        answer = Probe(conditions, self.require_data, self._answers).ask(row)
        if answer["data"]["sha256"] not in known:
            self.announce(answer["data"])
        return answer

    def plan(self, conditions: Conditions, rows: Sequence[Row]) -> Plan:
        """Plan the runs of these rows, and keep the finished runs of other rows that the folder has.

        Raises:
            KzooError: a recipe or its data are wrong.
        """
        code = code_version()

        def read(row: Row) -> Any:
            return self.ask(conditions, row)["reads"]

        def again(job: Job) -> Job | None:
            (row,) = conditions.table.pick([job.row])
            with suppress(KzooError):  # this row was not asked for, so its errors do not matter
                return create_job(conditions, row, job.seed, read(row), code)
            return None

        plan = create_plan(conditions, rows, seeds=self.seeds, code=code, read=read)
        if (self.root / FILE).is_file():
            plan = plan.beside(load_plan(self.root), self.root, again)
        return plan.model_copy(update={"words": self.words})

    def run(self, conditions: Conditions, rows: Sequence[Row]) -> Plan:
        """Make the runs of these rows that are missing, and return their plan.

        Raises:
            KzooError: a recipe or its data are wrong.
            KeyboardInterrupt: the user stopped it; the same call continues.
        """
        plan = self.plan(conditions, rows)
        self.root.mkdir(parents=True, exist_ok=True)
        plan.save(self.root)
        done = work(plan, self.root, conditions, size=self.size, watcher=self.watcher)
        done.save(self.root)
        return done
