"""The version of the code: what of kzoo decides figures, in one hash."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

import kzoo

DECISIVE = (
    *("data", "decoding", "features", "layers", "metrics", "models", "tasks", "training"),
    *("experiment.py", "recipe.py", "registry.py", "runtime.py"),
)
"""The folders and modules of kzoo that bear on what is measured: the others draw, print and judge."""

ASIDE = (
    *("tasks/predictor.py", "tasks/writing.py", "tasks/texts.py"),
    *("tasks/image_files.py", "tasks/photographs.py", "tasks/recordings.py"),
    "data/*_cards.py",
)
"""Those among them that do not: they are for a user's own inputs, or say of data what their hash has."""


def code_version() -> str:
    """kzoo's version and a hash of its decisive sources: edited comments and docstrings change nothing."""
    root, digest = Path(kzoo.__file__).parent, hashlib.sha256()
    for path in sorted(path for name in DECISIVE for path in _modules(root / name)):
        digest.update(f"{path.relative_to(root).as_posix()}\n{_statements(path)}\n".encode())
    return f"{kzoo.__version__}-{digest.hexdigest()[:8]}"


def _modules(place: Path) -> list[Path]:
    found = [place] if place.suffix == ".py" else place.rglob("*.py")
    return [path for path in found if not any(path.match(pattern) for pattern in ASIDE)]


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
