"""The version of the code: one hash of all modules of kzoo that can change a metric."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

import kzoo

ASIDE = (
    *(f"{room}/**/*.py" for room in ("bench", "claims", "cli", "configs", "pictures", "pytorch")),
    *("reporting/**/*.py", "reproduction/**/*.py", "data/*/cards.py", "tasks/*predictor.py"),
    *("api.py", "comparison.py", "documents.py", "extras.py", "interrupts.py", "locks.py", "names.py"),
    "testing.py",
)
"""The modules that cannot change a metric: they draw, print, judge or race, describe published data sets, or
read a user's own input. All other modules count, so that a new or moved module is never overlooked."""


def code_version() -> str:
    """Return kzoo's version and a hash of its decisive sources, without comments and docstrings."""
    root, digest = Path(kzoo.__file__).parent, hashlib.sha256()
    for path in decisive_modules(root):
        digest.update(f"{path.relative_to(root).as_posix()}\n{_statements(path)}\n".encode())
    return f"{kzoo.__version__}-{digest.hexdigest()[:8]}"


def decisive_modules(root: Path) -> list[Path]:
    """Return the modules of the package in `root` that can change a metric, all except `ASIDE`."""
    aside = {path for pattern in ASIDE for path in root.glob(pattern)}
    return sorted(set(root.rglob("*.py")) - aside)


def _statements(path: Path) -> str:
    """Spell the syntax tree of a module without its docstrings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return repr(_spell(tree))


def _spell(node: Any) -> Any:
    """Return what `ast.dump` spells without empty fields, which differ between versions of Python."""
    if isinstance(node, list):
        return list(map(_spell, node))
    if not isinstance(node, ast.AST):
        return node
    fields = {name: _spell(value) for name, value in ast.iter_fields(node) if value not in (None, [])}
    return type(node).__name__, fields


def _is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is a string by itself, such as a docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
