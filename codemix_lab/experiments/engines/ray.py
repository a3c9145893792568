"""Ray: the same workers as actors on the nodes of a cluster, or on this machine, over a shared folder."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codemix_lab import paths
from codemix_lab.errors import CodeMixLabError, SpecError, StorageError
from codemix_lab.experiments import processes
from codemix_lab.experiments.engines.local import fitting_workers, worker_bytes
from codemix_lab.experiments.engines.plan import Plan, State
from codemix_lab.experiments.engines.team import drive
from codemix_lab.experiments.engines.work import Worker
from codemix_lab.progress import Progress, ShouldStop

_CARRIED = (
    "CODEMIX_LAB_CACHE",
    "CODEMIX_LAB_WORKSPACE",
    "GLIBC_TUNABLES",
    "HF_HOME",
    "HF_HUB_OFFLINE",
    "PYTHONPATH",
    "TOKENIZERS_PARALLELISM",
)
_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
"""Nothing is reported to anybody, and workers are no lower in rank than those of the local engine."""
_OBJECTS = 80_000_000
"""Bytes of Ray's object store where it is started here: results travel through the run store, not through it."""
_STARTS = 3
_STALE_SECONDS = 24 * 3600


class RayEngine:
    """Workers on the nodes of the Ray at `address`, or of one that is started here and ended with the sweep.

    `workers` is found from the cores and the memory of all nodes when left out; each takes `cpus` cores.
    All nodes have to see the workspace and the store at the same path, and to have the lab installed.
    """

    def __init__(self, workers: int | None = None, address: str | None = None, cpus: int = 1) -> None:
        if workers is not None and workers < 1:
            raise SpecError("workers must be at least 1.")
        self.workers, self.address, self._cpus = workers, address, cpus

    def run(
        self, plan: Plan, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        """Send workers to the nodes, new ones for those that die, and wait.

        Raises what `drive` raises, `SpecError` without Ray, `StorageError` naming the node that does not
        see a folder, and `CodeMixLabError` when Ray cannot be reached or started.
        """
        ray = _ray()
        start = (self.workers or fitting_workers(plan.specs)) * self._cpus
        with _connected(ray, self.address, start), _marks(plan) as marks:
            size, memory = self.workers, 0
            if size is None:
                size, memory = _room(ray, self._cpus, worker_bytes(plan.specs))
            actors = ray.remote(Worker).options(
                num_cpus=self._cpus,
                memory=memory,
                max_concurrency=3,
                scheduling_strategy="SPREAD",
                runtime_env={"env_vars": _environment(self._cpus)},
            )

            driver = platform.node(), os.getpid(), processes.birth(os.getpid()) or 0.0

            def hire() -> _Actor:
                return _Actor(ray, actors.remote(plan.folder, driver, Path.cwd()), marks)

            return drive(plan, size, hire, on_progress, should_stop)


class _Actor:
    """A worker as an actor; Ray ends it with its driver."""

    def __init__(self, ray: Any, actor: Any, marks: list[Path]) -> None:
        self._ray, self._actor = ray, actor
        self._asked = actor.whom.remote()
        self._lacks = actor.lacks.remote(marks)
        self._work = actor.work.remote()
        self._words = ""

    def is_alive(self) -> bool:
        try:
            lacking = self._ray.get(self._lacks) if self._ready(self._lacks) else []
            if not lacking:
                if not self._ready(self._work):
                    return True
                self._ray.get(self._work)
                return False
        except CodeMixLabError as error:
            raise CodeMixLabError(f"The node {self._host()}: {getattr(error, 'cause', error)}") from error
        except self._ray.exceptions.RayError as error:
            self._words = " ".join(str(error).split())[-300:]
            self.end(at_once=True)
            return False
        raise StorageError(
            f"The node {self._host()} does not see {lacking[0].parent}. A sweep on several machines needs "
            "its workspace (CODEMIX_LAB_WORKSPACE) in a folder that all of them share, at the same path."
        )

    def whom(self) -> tuple[str, int] | None:
        with contextlib.suppress(self._ray.exceptions.RayError):
            if self._ready(self._asked):
                host, pid = self._ray.get(self._asked)
                return str(host), int(pid)
        return None

    def end(self, *, at_once: bool) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError):
            if at_once:
                self._ray.kill(self._actor)
            else:
                self._actor.stop.remote()

    def last_words(self) -> str:
        return self._words

    def _host(self) -> str:
        whom = self.whom()
        return "of a worker" if whom is None else whom[0]

    def _ready(self, asked: Any) -> bool:
        ready, _ = self._ray.wait([asked], timeout=0)
        return bool(ready)


def _ray() -> Any:
    os.environ.update(_SETTINGS)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise SpecError(
            'Ray is not installed here: pip install "codemix-lab[ray]", or take --engine local.'
        ) from error


@contextlib.contextmanager
def _connected(ray: Any, address: str | None, cpus: int) -> Iterator[None]:
    """Ray at `address`, or a new one with so many cores; one that this process was at already is left as it is."""
    if ray.is_initialized():
        yield
        return
    try:
        if address is None:
            _start(ray, cpus)
        else:
            ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except Exception as error:  # Ray raises Exception itself
        where = "on this machine could not be started" if address is None else f"at {address} does not answer"
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CodeMixLabError(f"Ray {where}: {said[:300]}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _start(ray: Any, cpus: int) -> None:
    """A Ray of this process's own. It is slow to come up on a busy machine, so it is tried again."""
    for left in reversed(range(_STARTS)):
        try:
            ray.init(
                address="local",
                num_cpus=cpus,
                include_dashboard=False,
                object_store_memory=_OBJECTS,
                log_to_driver=False,
                logging_level="CRITICAL",
            )
            return
        except Exception:
            ray.shutdown()
            if not left:
                raise


def _room(ray: Any, cpus: int, each: int) -> tuple[int, int]:
    """How many workers the nodes hold, and the bytes each has to have; 0 where no node has as many."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    rooms = [int(min(n.get("CPU", 0) // cpus, n.get("memory", 0) // each)) for n in nodes]
    return (sum(rooms), each) if any(rooms) else (1, 0)


def _environment(threads: int) -> dict[str, str]:
    """What a worker on another machine takes over from this one; those on one node share its accelerators."""
    carried = {name: value for name, value in processes.environment().items() if name in _CARRIED}
    threaded = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return {**carried, **threaded, "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextlib.contextmanager
def _marks(plan: Plan) -> Iterator[list[Path]]:
    """A file of this driver's own in the plan's folder and in the store, which every node has to see."""
    marks = [folder / f".seen-{uuid.uuid4().hex}" for folder in (plan.folder, plan.store.root)]
    try:
        for mark in marks:
            with paths.storage_errors(mark):
                mark.parent.mkdir(parents=True, exist_ok=True)
                for old in mark.parent.glob(".seen-*"):
                    if time.time() - old.stat().st_mtime > _STALE_SECONDS:
                        old.unlink(missing_ok=True)
                mark.touch()
        yield marks
    finally:
        for mark in marks:
            mark.unlink(missing_ok=True)
