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
from codemix_lab.experiments.engines.team import Member, drive
from codemix_lab.experiments.forks import CAN_FORK, WORK, ForkServer
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.fingerprint import weight_files
from codemix_lab.progress import Progress, ShouldStop

_LIBRARIES = 700_000_000
_COPIES = 8
"""Weights in float32, merged, base and τ, gradients, Adam's two moments, and activations: in copies of the weights."""


class LocalEngine:
    """Worker processes on this machine; `workers` is found from cores and free memory when left out.

    `server` may be given where its libraries were begun to be loaded early.
    """

    def __init__(self, workers: int | None = None, server: ForkServer | None = None) -> None:
        if workers is not None and workers < 1:
            raise SpecError("workers must be at least 1.")
        self.workers, self._server = workers, server

    def run(
        self, plan: Plan, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        """Start workers, start them again when they die, and wait. Raises what `drive` raises."""
        size = self.workers or fitting_workers(plan.specs)
        threads = max(1, cores() // max(1, min(size, len(plan.left()))))
        me = os.getpid()
        arguments = [str(plan.folder), str(me), str(processes.birth(me) or 0.0), str(threads)]

        def hire() -> Member:
            if not CAN_FORK:
                return _Process(plan.folder, arguments)
            if self._server is None or not self._server.is_alive():
                self._server = ForkServer(WORK)
            return _Fork(plan.folder, arguments, self._server)

        try:
            return drive(plan, size, hire, on_progress, should_stop)
        finally:
            if self._server is not None:
                self._server.close()
                self._server = None


class _Process:
    """A worker in a process of its own, which ends with this one."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        env = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), arguments[-1])
        self._errors = folder / "stderr"
        self._pid, self._born = processes.spawn(
            [sys.executable, "-m", WORK, *arguments], folder, Path.cwd(), env
        )

    def is_alive(self) -> bool:
        return processes.is_alive(self._pid, self._born)

    def whom(self) -> tuple[str, int]:
        return platform.node(), self._pid

    def end(self, *, at_once: bool) -> None:
        processes.end(self._pid, at_once=at_once)

    def last_words(self) -> str:
        return _last_words(self._errors)


class _Fork:
    """A worker forked from a server, which ends with this process."""

    def __init__(self, folder: Path, arguments: list[str], server: ForkServer) -> None:
        self._server, self._errors = server, folder / "stderr"
        self._place = server.fork(arguments, folder)
        self._born: float | None = None

    def is_alive(self) -> bool:
        pid = self._server.pid(self._place)
        if pid is None:
            return self._server.is_alive()
        if self._born is None:
            self._born = processes.birth(pid) or 0.0
        return processes.is_alive(pid, self._born)

    def whom(self) -> tuple[str, int] | None:
        pid = self._server.pid(self._place)
        return None if pid is None else (platform.node(), pid)

    def end(self, *, at_once: bool) -> None:
        if self.is_alive() and (pid := self._server.pid(self._place)) is not None:
            processes.end(pid, at_once=at_once)

    def last_words(self) -> str:
        return self._server.last_words() or _last_words(self._errors)


def _last_words(errors: Path) -> str:
    try:
        last = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    except FileNotFoundError:
        return ""
    return "".join(last)[:300] + f" (their errors stand in {errors})"


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
