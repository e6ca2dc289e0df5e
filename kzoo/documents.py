"""YAML documents: those that come with kzoo, by name, and a user's own, by path."""

from __future__ import annotations

import math
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from kzoo.errors import UsageError
from kzoo.files import is_stream
from kzoo.names import suggestion

_LARGEST = 2**63 - 1
"""The largest whole number: libraries count in 64 bits."""


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
        if is_stream(path):
            raise UsageError(f"{noun} {name_or_path!r} is a pipe or a device; expected a file")
        if not path.is_file():
            raise UsageError(f"no {noun} file {name_or_path!r}")
        text = path.read_bytes()
    elif shipped.is_file():
        text = shipped.read_bytes()
    else:
        known = list_documents(folder)
        raise UsageError(f"no {noun} is called {name_or_path!r}; {suggestion(name_or_path, known)}")
    return parse_yaml(text, f"{noun} {name_or_path!r}")


def parse_yaml(text: str | bytes, what: str) -> Any:
    """What YAML says, each key of a mapping once, numbers finite and of 64 bits; errors name `what`.

    Raises:
        UsageError: it is no such YAML.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise UsageError(f"{what} cannot be read, {_reason(error)}") from error
    except RecursionError as error:
        raise UsageError(f"{what} is nested too deeply") from error


def _reason(error: yaml.YAMLError) -> str:
    """What is wrong, and on which line if that is known."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which by itself takes the last of two equal keys, and any number."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node, seen = super().compose_mapping_node(anchor), set[tuple[str, str]]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise _fault(f"the key {key.value!r} is there twice", key)
                seen.add((key.tag, key.value))
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except ValueError as error:  # a date that is none, or more digits than Python reads
            raise _fault("a value is out of range", node) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise _fault("a number is not finite", node)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise _fault("a value is out of range", node)
        return value


def _fault(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
