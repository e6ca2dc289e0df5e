from __future__ import annotations

import subprocess
import sys

import pytest

from kzoo.errors import UsageError
from kzoo.locks import hold

HOLD = "import sys, time; from kzoo.locks import hold; from pathlib import Path\n"
HOLD += "with hold(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_a_folder_is_one_s_alone_until_it_is_let_go(tmp_path):
    folder = tmp_path / "runs" / "mine"
    with hold(folder):
        with pytest.raises(UsageError, match=r"another kzoo is at work in .*mine"), hold(folder):
            pass
        with hold(tmp_path / "runs"):
            pass
    assert not list(tmp_path.iterdir()), "it was made for nothing"
    with hold(folder):
        pass


def test_a_process_that_was_killed_holds_nothing(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(UsageError, match="at work"), hold(tmp_path):
        pass
    process.kill()
    process.communicate()
    with hold(tmp_path):
        pass
