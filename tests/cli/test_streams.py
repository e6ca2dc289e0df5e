"""What stdout and stderr cannot take."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kzoo.cli.output import print_json, print_table
from kzoo.cli.streams import finish, open_streams

FULL = Path("/dev/full")

needs_full = pytest.mark.skipif(not FULL.exists(), reason="no device is always full here")
posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


def shell(line: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a shell's line, in which `$KZOO` is the command."""
    command = f"{sys.executable} -m kzoo"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        capture_output=True,
        text=True,
        env={**os.environ, "KZOO": command, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["--version", "--help", "data list", "data list --json"])
def test_a_full_disk(words, unbuffered):
    code, _, stderr = shell(f"$KZOO {words} > {FULL}", PYTHONUNBUFFERED=unbuffered)
    assert code == 3
    assert stderr.endswith("stdout: No space left on device\n")
    assert len(stderr.splitlines()) == 1


@needs_full
def test_a_full_disk_for_messages():
    assert shell(f"$KZOO data list 2> {FULL}")[0] == 0
    assert shell(f"$KZOO train cn 2> {FULL}")[0] == 2


@posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["data list", "data list --json"])
def test_a_pipe_that_nobody_reads(words, unbuffered):
    code, stdout, stderr = shell(
        f"{{ sleep 0.01; $KZOO {words}; echo $? >&2; }} | true", PYTHONUNBUFFERED=unbuffered
    )
    assert (code, stdout, stderr) == (0, "", "141\n")


@posix
def test_a_closed_stdout():
    code, _, stderr = shell("$KZOO data list >&-")
    assert (code, stderr) == (3, "kzoo: stdout is closed: send it to a file or to /dev/null\n")


@posix
def test_a_closed_stderr():
    assert shell("$KZOO train cn 2>&-") == (2, "", "")


def test_letters_that_stdout_lacks(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    open_streams()
    print_table("", rows=[("é",)])
    print_json({"é": "ж"})
    finish(sys.stdout, "stdout")
    text, document = written.getvalue().decode().split("\n", 1)
    assert text.strip() == r"\xe9"
    assert json.loads(document) == {"é": "ж"}
