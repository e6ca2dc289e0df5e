"""The version of the code: what of kzoo decides figures, in one hash."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

import kzoo

ASIDE = (
    *(f"{room}/**/*.py" for room in ("bench", "claims", "cli", "configs", "pictures", "pytorch")),
    *("reporting/**/*.py", "reproduction/**/*.py", "data/*/cards.py", "tasks/*predictor.py"),
    *("comparison.py", "documents.py", "extras.py", "interrupts.py", "locks.py", "names.py", "testing.py"),
)
"""The modules that decide no figure: they draw, print, judge or race, say what is published of a set, or take
a user's own input. Whatever is not named here counts, so that a module that is new or moved is never lost."""


def code_version() -> str:
    """kzoo's version and a hash of its decisive sources: edited comments and docstrings change nothing."""
    root, digest = Path(kzoo.__file__).parent, hashlib.sha256()
    for path in decisive_modules(root):
        digest.update(f"{path.relative_to(root).as_posix()}\n{_statements(path)}\n".encode())
    return f"{kzoo.__version__}-{digest.hexdigest()[:8]}"


def decisive_modules(root: Path) -> list[Path]:
    """The modules of the package in `root` that bear on what is measured."""
    aside = {path for pattern in ASIDE for path in root.glob(pattern)}
    return sorted(set(root.rglob("*.py")) - aside)


def _statements(path: Path) -> str:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return repr(_spell(tree))


def _spell(node: Any) -> Any:
    """What `ast.dump` says but for the fields that are empty: which those are differs between Pythons."""
    if isinstance(node, list):
        return list(map(_spell, node))
    if not isinstance(node, ast.AST):
        return node
    fields = {name: _spell(value) for name, value in ast.iter_fields(node) if value not in (None, [])}
    return type(node).__name__, fields


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
