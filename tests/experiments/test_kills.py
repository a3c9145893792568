"""Workers and drivers killed at any moment, by both engines: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from codemix_lab.config import RunSpec, TaskSpec
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments import processes
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.engines.local import LocalEngine
from codemix_lab.experiments.engines.work import claims_of

SEEDS = 6
ENGINES = [
    "local",
    pytest.param(
        "ray",
        marks=[
            pytest.mark.e2e,  # alone on the machine: Ray gives its own processes fifteen seconds to come up
            pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
        ],
    ),
]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def spec(base: str, task_file: Path) -> RunSpec:
    return RunSpec("full", TaskSpec(str(task_file)), base, train_size=9, epochs=30)


class Watcher:
    """Sees who is at which run, and kills the worker at work `kills` times."""

    def __init__(self, plan: Plan, kills: int = 0) -> None:
        self.plan, self.kills = plan, kills
        self.killed: list[tuple[str, int]] = []
        self.seen: set[tuple[str, int]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            for name in self.plan.names:
                held = claims_of(self.plan).holder(name)
                if held is None or (name, held["pid"]) in self.seen:
                    continue
                self.seen.add((name, held["pid"]))
                if len(self.killed) < self.kills and held["pid"] not in {pid for _, pid in self.killed}:
                    os.kill(held["pid"], signal.SIGKILL)
                    self.killed.append((name, held["pid"]))

    def nothing_twice(self) -> bool:
        """Whether every run was at most once in hands that were not killed at it."""
        names = [name for name, _ in self.seen - set(self.killed)]
        return len(names) == len(set(names))


def records(plan: Plan) -> dict[str, int]:
    """Time of change of the record of every finished run."""
    done = [name for spec, name in plan.ids.items() if plan.is_done(spec)]
    return {name: (plan.store.root / name / "record.json").stat().st_mtime_ns for name in done}


def marks(plan: Plan) -> set[Path]:
    """Files by which drivers ask nodes what they see; a killed driver's stay for a day."""
    return {*plan.folder.glob(".seen-*"), *plan.store.root.glob(".seen-*")}


def until(true: Callable[[], Any], seconds: float = 540) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


@pytest.fixture
def command(spec: RunSpec, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start `codemix-lab sweep` over the seeds of `spec` with two workers of an engine."""
    path, begun = tmp_path / "sweep.yaml", []
    written = spec.to_dict()
    del written["seed"]
    path.write_text(yaml.safe_dump({"run": written, "over": {"seed": list(range(SEEDS))}}))

    def start(engine: str) -> subprocess.Popen[str]:
        arguments = ["sweep", str(path), "--engine", engine, "--workers", "2", "--json"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen([sys.executable, "-m", "codemix_lab", *arguments], **pipes))  # type: ignore[call-overload]
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def swept(tmp_path: Path) -> Plan:
    return Plan(SweepSpec.from_yaml((tmp_path / "sweep.yaml").read_text()).runs)


@pytest.mark.parametrize("engine", ENGINES)
def test_driver_and_worker_killed_and_the_same_command_again(
    engine: str, command: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    plan = swept(tmp_path)
    first = command(engine)
    with Watcher(plan) as left_behind:
        until(lambda: plan.state().done and list(claims_of(plan).root.glob("[0-9a-f]*")))
        first.kill()
        first.wait()
        until(lambda: not any(map(processes.birth, {pid for _, pid in left_behind.seen})))
    before = records(plan)
    assert 0 < len(before) < SEEDS
    of_the_killed = marks(plan)
    with Watcher(plan, kills=1) as watcher:
        out, err = command(engine).communicate()
    told = json.loads(out.splitlines()[-1])
    assert told["done"] == SEEDS and told["failed"] == 0, err
    assert {row["note"] for row in told["table"]} == {""}
    assert len(watcher.killed) == 1 and watcher.nothing_twice()
    assert records(plan).items() >= before.items() and not {n for n, _ in watcher.seen} & before.keys()
    assert not list(claims_of(plan).root.glob("[0-9a-f]*"))
    assert not list(plan.folder.glob("now-*"))
    assert marks(plan) <= of_the_killed


def test_a_killed_worker_loses_nothing(spec: RunSpec) -> None:
    plan = Plan([spec])
    told: list[tuple[int, int, str]] = []
    with Watcher(plan, kills=1) as watcher:
        state = LocalEngine(1).run(plan, lambda *said: told.append(said))
    assert len(watcher.killed) == 1 and state.done == 1 and state.failed == {}
    assert told[-1][:2] == (1000, 1000) and not list(plan.folder.glob("now-*"))


def test_a_run_at_which_a_worker_dies_twice_has_failed(spec: RunSpec) -> None:
    plan = Plan([spec])
    with Watcher(plan, kills=2) as watcher:
        state = LocalEngine(1).run(plan)
    assert len(watcher.killed) == 2 and state.done == 0 and "ended twice at this run" in state.failed[spec]


def test_two_drivers_share_one_sweep(spec: RunSpec) -> None:
    plan = Plan([spec.replace(seed=seed, epochs=10) for seed in range(SEEDS)])
    states = []
    drivers = [
        threading.Thread(target=lambda: states.append(LocalEngine(1).run(Plan(plan.specs)))) for _ in range(2)
    ]
    with Watcher(plan) as watcher:
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join()
    assert [(state.done, state.left) for state in states] == [(SEEDS, 0)] * 2
    assert watcher.nothing_twice() and not list(claims_of(plan).root.glob("[0-9a-f]*"))
    assert len(plan.store.list()) == SEEDS


def test_workers_end_with_their_driver(spec: RunSpec) -> None:
    plan = Plan([spec.replace(epochs=100, train_size=24)])
    plan.write()
    driver = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    born = processes.birth(driver.pid)
    module = ["-m", "codemix_lab.experiments.engines.work"]
    command = [sys.executable, *module, str(plan.folder), str(driver.pid), str(born), "1"]
    worker, at = processes.spawn(command, plan.folder, Path.cwd())
    driver.kill()
    driver.wait()
    until(lambda: not processes.is_alive(worker, at), 60)
