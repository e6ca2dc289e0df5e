from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from threading import Thread

import pytest

from kzoo.errors import DataError, KzooError, UsageError
from kzoo.reproduction.process import ProcessPool, core_count, explain

SCRIPT = """
import json, os, sys, time
what, *words = sys.argv[1:]
if what == "tell":
    print(json.dumps([words, {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "NPROC")}]))
if what == "fail":
    print("a log line", file=sys.stderr)
    print("kzoo: it is wrong", file=sys.stderr)
    sys.exit(int(words[0]))
if what == "sleep":
    print("asleep", file=sys.stderr, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module that a process can run."""
    (tmp_path / "kzoo_test_script.py").write_text(SCRIPT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in ("OMP_NUM_THREADS", "NPROC"):
        monkeypatch.delenv(name, raising=False)
    return "kzoo_test_script"


def test_several_at_a_time_have_their_share_of_the_cores(module):
    words, threads = ProcessPool(1).ask(module, "tell", "a b", 1)
    assert words == ["a b", "1"]
    assert set(threads.values()) == {None}
    for size in (2, 64):
        threads = ProcessPool(size).ask(module, "tell")[1]
        assert set(threads.values()) == {str(max(1, core_count() // size))}


def test_what_the_user_has_set_stays(module, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert ProcessPool(2).ask(module, "tell")[1]["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(("code", "kind"), [(1, KzooError), (2, UsageError), (3, DataError), (77, KzooError)])
def test_a_failure_is_that_of_the_process(module, code, kind):
    with pytest.raises(KzooError, match=r"^it is wrong$") as caught:
        ProcessPool(1).ask(module, "fail", code)
    assert type(caught.value) is kind


def test_what_is_said_is_heard_and_kept(module, tmp_path):
    heard: list[str] = []
    processes, log = ProcessPool(1), tmp_path / "log"
    assert processes.follow(log, heard.append, module, "fail", 1) == "it is wrong"
    assert heard == ["a log line", "kzoo: it is wrong"]
    assert processes.follow(log, heard.append, module, "tell") == ""
    *said, told = log.read_text().splitlines()
    assert said == heard
    assert json.loads(told)[0] == []


def test_all_are_stopped_together_and_none_starts_after(module, tmp_path):
    processes, caught = ProcessPool(2), []

    def sleep(name: str) -> None:
        try:
            processes.follow(tmp_path / name, lambda line: None, module, "sleep")
        except KeyboardInterrupt:
            caught.append(name)

    threads = [Thread(target=sleep, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    while not all((tmp_path / name).is_file() and (tmp_path / name).read_text() for name in "ab"):
        time.sleep(0.01)
    processes.stop()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(caught) == ["a", "b"]
    with pytest.raises(KeyboardInterrupt):
        processes.ask(module, "tell")


@pytest.fixture
def started(monkeypatch):
    """The processes that are started."""
    found = []

    class Recorded(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            found.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return found


def test_none_outlives_an_error_of_the_one_who_listens(module, tmp_path, started):
    def fail(line):
        raise ValueError(line)

    with pytest.raises(ValueError, match="asleep"):
        ProcessPool(1).follow(tmp_path / "log", fail, module, "sleep")
    assert [process.returncode for process in started] == [-signal.SIGTERM]


def test_none_outlives_a_ctrl_c(module, started, monkeypatch):
    def interrupt(process):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ProcessPool(1).ask(module, "sleep")
    assert [process.returncode for process in started] == [-signal.SIGTERM]


def test_a_process_that_was_killed_is_explained():
    assert explain(-9, ["epoch 1"]) == "its process was stopped by signal 9 (out of memory?)"
    assert explain(1, ["Traceback", "MemoryError", ""]) == "MemoryError"
    assert explain(1, []) == "its process ended with code 1"
    assert core_count() <= (os.cpu_count() or 1)
