"""Runs that another table or grid has made: two reports print the same network, which is trained once."""

from __future__ import annotations

import shutil
from pathlib import Path

from kzoo.reproduction.plan import FILE
from kzoo.training.run import RunFolder


def find_made(folder: str, root: Path) -> Path | None:
    """A finished run of the same seed, recipe, data and code in a folder of runs beside `root`.

    The end of its name has the digest of them all, see `kzoo.reproduction.job.fingerprint`.
    """
    suffix = folder[folder.rindex("-seed") :]
    runs = (run for plan in sorted(root.parent.glob(f"*/{FILE}")) for run in plan.parent.glob(f"*{suffix}"))
    return next((run for run in runs if run.parent != root and RunFolder(run).finished), None)


def adopt(folder: str, root: Path) -> bool:
    """Copy such a run into `root`, as the run `folder`; whether there was one."""
    made = find_made(folder, root)
    if made is None:
        return False
    partial = root / f".{folder}"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(made, partial)
    shutil.rmtree(root / folder, ignore_errors=True)
    partial.rename(root / folder)
    return True
