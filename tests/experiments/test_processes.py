"""Processes told apart from strangers, whatever happens to the clock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from codemix_lab.experiments import processes
from codemix_lab.experiments.forks import CAN_FORK, ForkServer

MODULE = """
import os, sys, time
def main(arguments):
    print("out", *arguments, os.getcwd(), flush=True)
    if arguments == ["fail"]:
        raise ValueError("no such thing")
    time.sleep(float(arguments[0]))
    return 0
"""


def test_a_process_is_known_by_number_and_birth() -> None:
    me = os.getpid()
    born = processes.birth(me)
    assert born is not None and processes.is_alive(me, born) and not processes.is_alive(me, born + 10)
    assert born == pytest.approx(psutil.Process().create_time() - psutil.boot_time(), abs=1.1)
    assert processes.birth(2**22 + 1) is None


def test_one_that_ended_and_was_not_asked_for_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 60
    while processes.birth(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes.birth(child.pid) is None
    child.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process began without the clock")
def test_setting_the_clock_makes_nobody_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    born = processes.birth(os.getpid())
    assert born is not None
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: 1e9)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert processes.is_alive(os.getpid(), born)


@pytest.mark.skipif(not CAN_FORK, reason="no forks here")
def test_a_server_forks_and_says_what_was_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "forked.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    server = ForkServer("forked")
    try:
        places = [server.fork([what], tmp_path) for what in ("60", "fail")]
        deadline = time.monotonic() + 60
        while None in [server.pid(place) for place in places]:
            assert time.monotonic() < deadline and server.is_alive()
            time.sleep(0.01)
        sleeper, failed = (server.pid(place) for place in places)
        assert sleeper is not None and failed is not None and sleeper != failed
        born = processes.birth(sleeper)
        while processes.birth(failed) is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert "ValueError: no such thing" in (tmp_path / "stderr").read_text()
        assert f"out fail {Path.cwd()}" in (tmp_path / "stdout").read_text()
    finally:
        server.close()
    assert born is not None and processes.is_alive(sleeper, born), "it outlives its server"
    processes.end(sleeper, at_once=True)
    missing = ForkServer("no_such_module")
    missing.fork([], tmp_path)
    deadline = time.monotonic() + 60
    while missing.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "no_such_module" in missing.last_words() and missing.pid(0) is None
    missing.close()
