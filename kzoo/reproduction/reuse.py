"""Reuse of runs that another table or grid has made: a network of two reports is trained only once."""

from __future__ import annotations

import shutil
from pathlib import Path

from kzoo.reproduction.plan import FILE
from kzoo.training.run import RunFolder


def find_made(folder: str, root: Path) -> Path | None:
    """Find a finished run of the same seed, recipe, data and code in another folder of runs beside `root`.

    The run's name ends in the seed and the digest of the others, see `kzoo.reproduction.job.fingerprint`.
    """
    suffix = folder[folder.rindex("-seed") :]
    runs = (run for plan in sorted(root.parent.glob(f"*/{FILE}")) for run in plan.parent.glob(f"*{suffix}"))
    return next((run for run in runs if run.parent != root and RunFolder(run).finished), None)


def adopt(folder: str, root: Path) -> bool:
    """Copy a run that `find_made` finds into `root`, as the run `folder`; return whether there was one."""
    made = find_made(folder, root)
    if made is None:
        return False
    partial = root / f".{folder}"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(made, partial)
    shutil.rmtree(root / folder, ignore_errors=True)
    partial.rename(root / folder)
    return True
