"""Local processes within the cores and the memory of this machine; each loads the libraries once."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from codemix_lab.config import RunSpec
from codemix_lab.errors import CheckpointError, CodeMixLabError, SpecError
from codemix_lab.experiments import processes
from codemix_lab.experiments.engines.plan import Plan, State
from codemix_lab.experiments.engines.work import claims_of
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.fingerprint import weight_files
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

WORK = "codemix_lab.experiments.engines.work"
DIED = (
    "The process ended twice at this run: it was killed, or the machine ran out of memory. "
    "Take fewer workers, shorter sentences or a smaller model."
)
_LIBRARIES = 700_000_000
_COPIES = 8
"""Weights in float32, merged, base and τ, gradients, Adam's two moments, and activations: in copies of the weights."""
_PAUSE = 0.5
_PATIENCE = 20.0
_MOST_DEATHS = 2
_MOST_STILLBORN = 3


class LocalEngine:
    """Worker processes on this machine; `workers` is found from cores and free memory when left out."""

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise SpecError("workers must be at least 1.")
        self.workers = workers

    def run(
        self, plan: Plan, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        """Start workers, start them again when they die, and wait.

        A run at which a process died twice counts as failed. Raises `Cancelled` after all workers have
        stopped, `StorageError` when the plan cannot be written, and `CodeMixLabError` when workers end
        before they take a run.
        """
        plan.write()
        wanted = min(len(plan.left()), self.workers or fitting_workers(plan.specs))
        team = _Team(plan, wanted)
        try:
            while (state := plan.state()).left:
                raise_if_stopped(should_stop)
                team.fill()
                report(on_progress, *_progress(plan, state))
                time.sleep(_PAUSE)
        finally:
            team.stop()
        report(on_progress, 1000 * state.total, 1000 * state.total, "")
        return state


class _Team:
    """The workers of one driver."""

    def __init__(self, plan: Plan, size: int) -> None:
        self._plan, self._size = plan, size
        self._members: dict[int, float] = {}
        self._deaths: Counter[str] = Counter()
        self._stillborn = 0
        self._me = (os.getpid(), processes.birth(os.getpid()) or 0.0)
        threads = max(1, cores() // max(1, size))
        self._env = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}

    def fill(self) -> None:
        """As many workers as there shall be, dead ones replaced."""
        for pid, born in list(self._members.items()):
            if not processes.is_alive(pid, born):
                del self._members[pid]
                self._stillborn += not self._bury(pid)
        if self._stillborn > _MOST_STILLBORN:
            errors = (self._plan.folder / "stderr").read_text(encoding="utf-8", errors="replace")
            last = errors.strip().splitlines()[-1:]
            raise CodeMixLabError(
                f"Worker processes end before they do a run{': ' + last[0][:300] if last else ''}. "
                f"Their errors stand in {self._plan.folder / 'stderr'}."
            )
        for _ in range(self._size - len(self._members)):
            command = [sys.executable, "-m", WORK, str(self._plan.folder), *map(str, self._me)]
            pid, born = processes.spawn(command, self._plan.folder, Path.cwd(), self._env)
            self._members[pid] = born

    def stop(self) -> None:
        """Ask all to stop, wait, and end those that do not."""
        for pid in self._members:
            processes.end(pid, at_once=False)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and any(processes.is_alive(*m) for m in self._members.items()):
            time.sleep(0.1)
        for pid, born in self._members.items():
            if processes.is_alive(pid, born):
                processes.end(pid, at_once=True)
                self._bury(pid)
        self._members.clear()

    def _bury(self, pid: int) -> bool:
        """Give up what a dead worker had claimed, count it against the run, and say whether there was any."""
        claims, found = claims_of(self._plan), False
        for spec, name in self._plan.ids.items():
            held = claims.holder(name)
            if held is None or (held.get("host"), held.get("pid")) != (platform.node(), pid):
                continue
            claims.drop(name)
            found = True
            self._deaths[name] += 1
            if self._deaths[name] >= _MOST_DEATHS:
                self._plan.fail(spec, DIED)
        return found


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fitting_workers(specs: tuple[RunSpec, ...]) -> int:
    """As many workers as there are cores, or as fit into the memory that is free; at least one."""
    each = _LIBRARIES + _COPIES * max((_bytes(ref) for ref in {spec.base for spec in specs}), default=0)
    return max(1, min(cores(), int(psutil.virtual_memory().available / each)))


def _bytes(ref: str) -> int:
    try:
        return sum(path.stat().st_size for path in weight_files(open_checkpoint(ref).folder))
    except CheckpointError:
        return 0


def _progress(plan: Plan, state: State) -> tuple[int, int, str]:
    """Thousandths of all runs, with what the workers are at."""
    now = list(filter(None, map(_note, plan.folder.glob("now-*.json"))))
    under_way = sum(note["done"] / max(1, note["total"]) for note in now)
    ended = state.done + len(state.failed)
    what = f"{ended} of {state.total} runs"
    if now:
        what += "; " + " · ".join(f"{note['run']} (seed {note['seed']})" for note in now[:4])
    return round(1000 * min(state.total, ended + under_way)), 1000 * state.total, what


def _note(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return None
