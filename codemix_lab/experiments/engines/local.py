"""Local processes within the cores and the memory of this machine; each loads the libraries once."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import psutil

from codemix_lab.config import RunSpec
from codemix_lab.errors import CheckpointError, SpecError
from codemix_lab.experiments import processes
from codemix_lab.experiments.engines.plan import Plan, State
from codemix_lab.experiments.engines.team import drive
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.fingerprint import weight_files
from codemix_lab.progress import Progress, ShouldStop

WORK = "codemix_lab.experiments.engines.work"
_LIBRARIES = 700_000_000
_COPIES = 8
"""Weights in float32, merged, base and τ, gradients, Adam's two moments, and activations: in copies of the weights."""


class LocalEngine:
    """Worker processes on this machine; `workers` is found from cores and free memory when left out."""

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise SpecError("workers must be at least 1.")
        self.workers = workers

    def run(
        self, plan: Plan, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        """Start workers, start them again when they die, and wait. Raises what `drive` raises."""
        size = self.workers or fitting_workers(plan.specs)
        threads = max(1, cores() // max(1, min(size, len(plan.left()))))
        env = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        return drive(plan, size, lambda: _Process(plan.folder, env), on_progress, should_stop)


class _Process:
    """A worker in a process of its own, which ends with this one."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        me = os.getpid()
        command = [sys.executable, "-m", WORK, str(folder), str(me), str(processes.birth(me) or 0.0)]
        self._errors = folder / "stderr"
        self._pid, self._born = processes.spawn(command, folder, Path.cwd(), env)

    def is_alive(self) -> bool:
        return processes.is_alive(self._pid, self._born)

    def whom(self) -> tuple[str, int]:
        return platform.node(), self._pid

    def end(self, *, at_once: bool) -> None:
        processes.end(self._pid, at_once=at_once)

    def last_words(self) -> str:
        last = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        return "".join(last)[:300] + f" (their errors stand in {self._errors})"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fitting_workers(specs: tuple[RunSpec, ...]) -> int:
    """As many workers as there are cores, or as fit into the memory that is free; at least one."""
    return max(1, min(cores(), int(psutil.virtual_memory().available / worker_bytes(specs))))


def worker_bytes(specs: tuple[RunSpec, ...]) -> int:
    """Bytes of memory that a worker may come to need."""
    return _LIBRARIES + _COPIES * max((_bytes(ref) for ref in {spec.base for spec in specs}), default=0)


def _bytes(ref: str) -> int:
    try:
        return sum(path.stat().st_size for path in weight_files(open_checkpoint(ref).folder))
    except CheckpointError:
        return 0
