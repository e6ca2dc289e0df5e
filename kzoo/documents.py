"""Reading of YAML documents: those shipped with kzoo by name, a user's own by path."""

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
"""The largest integer accepted, because the libraries use 64-bit integers."""


def list_documents(folder: Traversable) -> list[str]:
    """List the names of the YAML documents in a folder."""
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def names_file(name_or_path: str) -> bool:
    """Return whether a text is the path of a YAML file, not the name of a shipped document."""
    return Path(name_or_path).suffix in {".yaml", ".yml"}


def read_document(noun: str, name_or_path: str, folder: Traversable) -> Any:
    """Read a document of a folder by name, or a YAML file by path; error messages call it `noun`.

    Raises:
        UsageError: the document does not exist or is not valid YAML.
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
    """Parse YAML with unique keys, finite numbers and 64-bit integers; error messages call it `what`.

    Raises:
        UsageError: the text is not such YAML.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise UsageError(f"{what} cannot be read, {_reason(error)}") from error
    except RecursionError as error:
        raise UsageError(f"{what} is nested too deeply") from error


def _reason(error: yaml.YAMLError) -> str:
    """Return what is wrong with a YAML text, with the line number if it is known."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


class _Loader(yaml.SafeLoader):
    """A safe YAML loader that rejects duplicate keys, infinite or NaN numbers and large integers."""

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
        except ValueError as error:  # an invalid date, or more digits than Python converts to an integer
            raise _fault("a value is out of range", node) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise _fault("a number is not finite", node)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise _fault("a value is out of range", node)
        return value


def _fault(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
