"""The rules of ARCHITECTURE.md on which subpackage may import which."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import kzoo

ROOT = Path(kzoo.__file__).parent

ROOMS = {
    "layers": (),
    "metrics": (),
    "data": (),
    "decoding": ("training",),
    "models": ("layers", "decoding"),
    "training": ("data", "metrics"),
    "features": ("data", "layers", "models", "training", "pytorch"),
    "pictures": ("data", "layers", "metrics", "training"),
    "tasks": ("data", "layers", "metrics", "models", "decoding", "training", "features", "pictures"),
    "reproduction": ("data", "metrics", "decoding", "training"),
    "claims": ("layers", "models", "training"),
    "pytorch": ("metrics",),
    "reporting": ("bench", "data", "metrics", "pictures", "reproduction", "tasks", "training"),
    "bench": ("data", "layers", "decoding", "training", "tasks", "pytorch"),
    "weights": ("data", "metrics", "tasks", "training"),
}
"""The subpackages that each subpackage may import."""

FACTS = {
    *("documents", "errors", "extras", "files", "imports", "inputs", "interrupts", "locks", "names"),
    *("parameters", "recipe", "registry", "runtime", "shipped", "symbols", "types", "variables"),
}
"""The modules that every subpackage may import."""

ABOVE: dict[str, tuple[str, ...]] = {
    "api": (),
    "experiment": ("bench", "reproduction"),
    "comparison": ("tasks", "reproduction"),
}
"""The modules that only these subpackages and the command line may import."""


def imported(path: Path) -> set[str]:
    """Return the subpackages and modules of kzoo that a file imports, at any place in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "kzoo":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kzoo."):
            names.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            names.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("kzoo."))
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_it_may(room):
    known = {*ROOMS, *FACTS, *ABOVE, "cli", "configs"}
    above = {name for name, rooms in ABOVE.items() if room in rooms}
    allowed = {room, *ROOMS[room], *FACTS, *above}
    for path in sorted((ROOT / room).rglob("*.py")):
        strange = (imported(path) & known) - allowed
        assert not strange, f"{path.relative_to(ROOT)} imports {', '.join(sorted(strange))}"


def test_every_room_has_its_rule():
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert folders - {"cli", "configs"} == set(ROOMS)


def test_the_library_never_imports_the_command_line():
    importing = [path for path in ROOT.rglob("*.py") if "cli" in imported(path)]
    assert [path for path in importing if path.name != "__main__.py" and "cli" not in path.parts] == []


def test_no_rooms_import_each_other():
    left = dict(ROOMS)
    while free := [room for room, others in left.items() if not set(others) & set(left)]:
        left = {room: others for room, others in left.items() if room not in free}
    assert left == {}


def test_the_page_states_the_rules():
    page = ROOT.parent / "ARCHITECTURE.md"
    if not page.is_file():
        pytest.skip("the tests are not in the repository")
    text = page.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ?([^|]*) \|$", text, re.MULTILINE)
    stated = {room: tuple(others.split(", ")) if others else () for room, others in rows}
    assert {room: set(others) for room, others in stated.items() if room != "cli"} == {
        room: set(others) for room, others in ROOMS.items()
    }
    (shared,) = re.findall(r"The shared modules.*?\. ", text, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", shared)) == FACTS
