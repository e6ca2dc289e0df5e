"""YAML documents: those that come with kzoo, by name, and a user's own, by path."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from kzoo.errors import UsageError
from kzoo.names import suggestion


def list_documents(folder: Traversable) -> list[str]:
    """The names of the documents of a folder."""
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def names_file(name_or_path: str) -> bool:
    """Whether it is the path of a YAML file, not the name of a document that comes with kzoo."""
    return Path(name_or_path).suffix in {".yaml", ".yml"}


def read_document(noun: str, name_or_path: str, folder: Traversable) -> Any:
    """What a document of the folder says, or a YAML file by its path; `noun` is what errors call it.

    Raises:
        UsageError: no such document, or no YAML.
    """
    shipped, path = folder / f"{name_or_path}.yaml", Path(name_or_path)
    if names_file(name_or_path):
        if not path.is_file():
            raise UsageError(f"no {noun} file {name_or_path!r}")
        text = path.read_bytes()
    elif shipped.is_file():
        text = shipped.read_bytes()
    else:
        known = list_documents(folder)
        raise UsageError(f"no {noun} is called {name_or_path!r}; {suggestion(name_or_path, known)}")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{noun} {name_or_path!r} is not YAML: {' '.join(str(error).split())}") from error
