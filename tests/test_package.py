"""The wheel installs everything that kzoo needs, and nothing outside the package kzoo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib import util
from pathlib import Path

import pytest

import kzoo

ROOT = Path(__file__).parent.parent
FOLDERS = {"kzoo": "kzoo", "cli": "kzoo/cli", "configs": "kzoo/configs"}
"""The folders of the repository and where they are installed."""


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    for tool in ("pip", "setuptools"):
        if util.find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed")
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("the tests are not in the repository")
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, source / folder, ignore=unwanted)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    pip("wheel", source, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", built)
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`installed(*arguments)` runs Python in a place where only the wheel's kzoo can be found."""
    site, elsewhere = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    pip("install", wheel, "--no-deps", "--no-index", "--target", site)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=elsewhere, env=environment, check=False
        )

    return run


def test_every_file_of_the_tree_is_in_the_wheel(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, place in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "kzoo/cli/app.py" in expected
    assert "kzoo/configs/cnn-bn.yaml" in expected
    assert "kzoo/reporting/page/templates/page.css" in expected
    assert expected == {name for name in inside if not name.startswith("kzoo-")}


def test_nothing_is_installed_outside_kzoo(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"kzoo", f"kzoo-{kzoo.__version__}.dist-info"}


def test_the_version_is_said_once(wheel):
    assert wheel.name == f"kzoo-{kzoo.__version__}-py3-none-any.whl"


def test_the_command_runs_from_the_wheel(installed):
    done = installed("-m", "kzoo", "--version")
    assert (done.returncode, done.stdout) == (0, f"kzoo {kzoo.__version__}\n"), done.stderr


def test_the_recipes_are_found_in_the_wheel(installed):
    from kzoo.recipe import list_recipes

    code = "import kzoo.recipe; print(kzoo.__file__, *kzoo.recipe.list_recipes())"
    done = installed("-c", code)
    file, *names = done.stdout.split()
    assert not Path(file).is_relative_to(ROOT)
    assert names == list_recipes()


def test_the_console_script_is_the_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        entry_points = archive.read(f"kzoo-{kzoo.__version__}.dist-info/entry_points.txt").decode()
    assert entry_points.split() == ["[console_scripts]", "kzoo", "=", "kzoo.cli.main:run"]
