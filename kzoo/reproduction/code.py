"""The version of the code: what of kzoo decides figures, in one hash."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import kzoo

DECISIVE = (
    *("data", "decoding", "features", "layers", "metrics", "models", "tasks", "training"),
    *("experiment.py", "recipe.py", "registry.py", "runtime.py"),
)
"""The folders and modules of kzoo that bear on what is measured: the others draw, print and judge."""


def code_version() -> str:
    """kzoo's version and a hash of its decisive sources: edited comments and docstrings change nothing."""
    root, digest = Path(kzoo.__file__).parent, hashlib.sha256()
    for path in sorted(path for name in DECISIVE for path in _modules(root / name)):
        digest.update(f"{path.relative_to(root).as_posix()}\n{_statements(path)}\n".encode())
    return f"{kzoo.__version__}-{digest.hexdigest()[:8]}"


def _modules(place: Path) -> list[Path]:
    return [place] if place.suffix == ".py" else list(place.rglob("*.py"))


def _statements(path: Path) -> str:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
