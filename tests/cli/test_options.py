from __future__ import annotations

import pytest
from typer.main import get_command

from kzoo.cli.app import app
from kzoo.cli.options import complete_key, complete_set
from kzoo.data.catalog import PUBLISHED_SETS


def test_sets_and_keys_are_completed():
    assert complete_set("s") == ["spa-eng", "sydney-captions"]
    assert complete_set("") == list(PUBLISHED_SETS)
    assert complete_key("training.l") == ["training.learning_rate=", "training.label_smoothing="]
    assert {key.partition(".")[0] for key in complete_key("")} >= {"name=", "data", "training", "runtime"}


@pytest.mark.parametrize(
    ("words", "parameter", "incomplete", "completed"),
    [
        (["data", "info"], "name", "fash", "fashion-mnist"),
        (["data", "fetch"], "name", "fash", "fashion-mnist"),
        (["data", "check"], "name", "fash", "fashion-mnist"),
        (["train"], "data", "fash", "fashion-mnist"),
        (["sweep"], "data", "fash", "fashion-mnist"),
        (["train"], "set_", "training.ep", "training.epochs="),
        (["reproduce"], "set_", "training.ep", "training.epochs="),
        (["bench", "train"], "set_", "training.ep", "training.epochs="),
        (["sweep"], "grid", "training.ep", "training.epochs="),
    ],
)
def test_the_verbs_complete_them(words, parameter, incomplete, completed):
    command = get_command(app)
    for word in words:
        command = command.commands[word]
    (found,) = (option for option in command.params if option.name == parameter)
    context = command.make_context("kzoo", [], resilient_parsing=True)
    assert [item.value for item in found.shell_complete(context, incomplete)] == [completed]


def test_completion_imports_neither_keras_nor_numpy(python):
    code = "import sys; from kzoo.cli.options import complete_key, complete_set\n"
    code += "complete_key('t'), complete_set('s'); print({'numpy', 'keras'} & set(sys.modules))"
    assert python(code).stdout.strip() == "set()"
