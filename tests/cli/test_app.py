from __future__ import annotations

import re
import sys

import pytest

import kzoo as package
from kzoo import registry
from kzoo.cli.main import main
from kzoo.errors import UsageError

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]m")


def test_version(kzoo):
    done = kzoo("--version")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"kzoo {package.__version__}\n", "")


def test_help_names_every_verb_and_every_exit_code(kzoo):
    done = kzoo("--help")
    assert done.exit_code == 0
    verbs = (
        "train reproduce sweep tune-decoding evaluate predict records models summary params plot data bench"
    )
    for word in verbs.split():
        assert re.search(rf"\b{word}\b", done.stdout)
    for number in (0, 1, 2, 3, 4, 130):
        assert re.search(rf"\b{number} \w", done.stdout)


@pytest.mark.parametrize(
    "words", [["trian"], ["train", "cnn", "--lrr", "1"], ["plot", "portrait"], ["evaluate"]]
)
def test_a_wrong_word_is_exit_code_2_without_a_traceback(kzoo, words):
    done = kzoo(*words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert (words[-1] if len(words) < 3 else "--lrr") in done.stderr or "Missing argument" in done.stderr


def test_what_a_user_got_wrong_is_one_line(kzoo):
    done = kzoo("train", "cnn-nb")
    assert done.stderr == "kzoo: no recipe is called 'cnn-nb'; did you mean 'cnn-bn'?\n"
    assert done.stdout == ""


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_anywhere_on_the_line_lets_the_error_through(monkeypatch, place):
    words = ["train", "cnn-nb"]
    words.insert(place, "--debug")
    monkeypatch.setattr(sys, "argv", ["kzoo", *words])
    with pytest.raises(UsageError, match="cnn-nb"):
        main()


def test_debug_shows_the_traceback(python):
    code = "import sys; from kzoo.cli.main import main; sys.argv = ['kzoo', 'train', 'cn', '--debug']; main()"
    done = python(code)
    assert done.exit_code == 1
    assert "Traceback" in done.stderr
    assert "kzoo.errors.UsageError: no recipe is called 'cn'" in done.stderr


@pytest.mark.parametrize(
    ("error", "exit_code", "stderr"),
    [
        (RuntimeError("boom\nand more"), 1, "kzoo: unexpected RuntimeError: boom (run again with --debug"),
        (OSError(28, "No space left on device", "a/file"), 3, "kzoo: a/file: No space left on device\n"),
        (PermissionError(13, "Permission denied", "[x]"), 3, "kzoo: [x]: Permission denied\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_whatever_happens_is_one_line_and_a_code(kzoo, monkeypatch, error, exit_code, stderr):
    def fail(*_):
        raise error

    monkeypatch.setattr(registry, "list_models", fail)
    done = kzoo("models")
    assert done.exit_code == exit_code
    assert done.stderr.startswith(stderr)
    assert len(done.stderr.splitlines()) == min(1, len(stderr))
    assert done.stdout == ""


def test_no_color(kzoo, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert COLOUR.search(kzoo("train", "cn").stderr)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(kzoo("train", "cn").stderr)
