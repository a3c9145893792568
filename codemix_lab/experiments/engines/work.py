"""The process that takes runs of a plan one after the other: `python -m codemix_lab.experiments.engines.work`.

Any number of them may work on one plan, on any machine that sees its folder and its store. Arguments:
the plan's folder, number and birth of the process that started it, with which it ends, and threads.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from codemix_lab import paths
from codemix_lab.config import RunSpec
from codemix_lab.errors import Cancelled, CodeMixLabError
from codemix_lab.experiments import processes
from codemix_lab.experiments.engines.claims import Claims
from codemix_lab.experiments.engines.plan import Plan
from codemix_lab.experiments.regime_runs import run_name
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped

NO_MEMORY = (
    "The memory of this machine was not enough. Take fewer workers, shorter sentences or a smaller model."
)
CHANGED = (
    "What this run reads is not what it was when the sweep was started, or not the same on this machine: "
    "a model or a data file has changed. Start the sweep again."
)
NOW = "now-{host}-{pid}.json"
_PAUSE, _LONG_PAUSE = 0.05, 1.0
_LOOK = 2.0

Told = Callable[[RunSpec], Progress | None]


def claims_of(plan: Plan) -> Claims:
    """Claims on the runs of the plan's store, whichever plan they are in."""
    return Claims(plan.store.root / ".claims")


def work_on(plan: Plan, should_stop: ShouldStop, told: Told = lambda _: None) -> None:
    """Do what is left of a plan, one run at a time, until others are at all of it or nothing is left.

    A run that raises is put on record as failed, and so is every run that waits for it. Raises
    `Cancelled`.
    """
    claims, pause = claims_of(plan), _PAUSE
    while left := plan.left():
        tried = [_tried(plan, spec, claims, should_stop, told) for spec in left]
        if any(tried):
            pause = _PAUSE
        else:
            time.sleep(pause)
            pause = min(2 * pause, _LONG_PAUSE)


def _tried(plan: Plan, spec: RunSpec, claims: Claims, should_stop: ShouldStop, told: Told) -> bool:
    """Whether this run was done, or failed, here and now."""
    raise_if_stopped(should_stop)
    if plan.is_done(spec) or plan.failure(spec) is not None:
        return False
    for before in spec.prerequisites:
        if (message := plan.failure(before)) is not None:
            plan.fail(spec, f"{run_name(before)} failed, which it starts from: {message}")
            return True
        if not plan.is_done(before):
            return False
    with claims.take(plan.ids[spec]) as ours:
        if not ours:
            return False
        _do(plan, spec, should_stop, told)
    return True


def _do(plan: Plan, spec: RunSpec, should_stop: ShouldStop, told: Told) -> None:
    try:
        with paths.storage_errors(plan.store.root):
            if plan.runs.run(spec, told(spec), should_stop).id != plan.ids[spec]:
                plan.fail(spec, CHANGED)
    except Cancelled:
        raise
    except CodeMixLabError as error:
        plan.fail(spec, str(error))
    except MemoryError:
        plan.fail(spec, NO_MEMORY)
    except Exception as error:  # noqa: BLE001 - one broken run must not end the others
        traceback.print_exc()
        plan.fail(spec, f"This is a bug ({type(error).__name__}: {error}). Please report it.")


class Notes:
    """What this worker is at, in a small file for whoever watches: run, done, total."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NOW.format(host=platform.node(), pid=os.getpid())
        self._told = 0.0

    def on(self, spec: RunSpec) -> Progress:
        """A listener for one run."""

        def listen(done: int, total: int, what: str) -> None:
            if time.monotonic() - self._told < 1.0:
                return
            self._told = time.monotonic()
            line = {"run": run_name(spec), "seed": spec.seed, "done": done, "total": total, "what": what}
            with contextlib.suppress(OSError), paths.new_file(self._path) as path:
                path.write_text(json.dumps(line, ensure_ascii=False), encoding="utf-8")

        return listen

    def close(self) -> None:
        """Take the file away."""
        self._path.unlink(missing_ok=True)


class Worker:
    """Takes runs of the plan in `folder`, until nothing is left or it is asked to stop from another thread."""

    def __init__(self, folder: Path, driver: tuple[str, int, float], cwd: Path | None = None) -> None:
        """It stops with its `driver` (host, process number, birth) where both are on one machine.

        Relative paths of the plan mean what they mean in `cwd`, where this machine has it.
        """
        self._folder = folder
        self._asked = threading.Event()
        host, *process = driver
        if host == platform.node():
            threading.Thread(target=self._stop_with, args=process, daemon=True).start()
        if cwd is not None and cwd.is_dir():
            os.chdir(cwd)

    def whom(self) -> tuple[str, int]:
        """Host and number of the process it runs in."""
        return platform.node(), os.getpid()

    def lacks(self, places: Sequence[Path]) -> list[Path]:
        """Those of `places` that cannot be seen from here."""
        return [place for place in places if not place.exists()]

    def work(self) -> None:
        """Do what is left. Raises `StorageError` when there is no plan."""
        notes = Notes(self._folder)
        try:
            work_on(Plan.read(self._folder), self._asked.is_set, notes.on)
        except Cancelled:
            return
        finally:
            notes.close()

    def stop(self) -> None:
        """Break off the run that is under way, and take no other."""
        self._asked.set()

    def _stop_with(self, pid: int, born: float) -> None:
        while not self._asked.wait(_LOOK):
            if not processes.is_alive(pid, born):
                self.stop()


def main(arguments: Sequence[str]) -> int:
    """Work until nothing is left, SIGTERM comes, or the process that started this one is gone."""
    folder, pid, born, threads = arguments
    torch.set_num_threads(int(threads))
    worker = Worker(Path(folder), (platform.node(), int(pid), float(born)))
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.work()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
