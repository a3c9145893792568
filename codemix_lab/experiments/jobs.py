"""The queue of long jobs: each in a process of its own, one at a time, in the order they were asked for.

There is no server. Whoever looks (a page, a command, the worker that just finished) takes the
queue's lock, notices workers that died, and starts the next job. A job is a folder; see `job_record`.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from codemix_lab import paths
from codemix_lab.errors import SpecError, StorageError
from codemix_lab.experiments import processes
from codemix_lab.experiments.job_record import (
    ASKED,
    Job,
    JobState,
    read_job,
    read_json,
    read_log,
    read_stand,
    write_json,
    write_stand,
)

__all__ = ["Job", "JobQueue", "JobState"]

WORKER = (sys.executable, "-m", "codemix_lab.worker")
PATIENCE = 10.0
"""Seconds a cancelled worker has to stop by itself before it is stopped."""
DIED = (
    "The process ended before the job was done: it was killed, the machine ran out of memory or was "
    "restarted. Try again; if it ends once more, take fewer sentences or a smaller model."
)
_LOCK_SECONDS = 20.0
_log = logging.getLogger(__name__)


class JobQueue:
    """Jobs under `root`, at most `slots` of them running at once."""

    def __init__(self, root: Path | None = None, slots: int = 1, patience: float = PATIENCE) -> None:
        self.root = Path(root) if root is not None else paths.workspace() / "jobs"
        self.slots = slots
        self.patience = patience

    def submit(
        self, kind: str, payload: Mapping[str, Any], label: str, worker: Sequence[str] = WORKER
    ) -> Job:
        """Put a job at the end of the queue and start it if its turn has come.

        `payload` holds plain JSON values, as `codemix_lab.job_kinds` reads them for this `kind`.
        Raises `SpecError` for other values and `StorageError` when the job cannot be written.
        """
        now = datetime.now(UTC)
        asked = {
            "kind": kind,
            "label": label,
            "payload": dict(payload),
            "created": now.timestamp(),
            "cwd": str(Path.cwd()),
            "worker": list(worker),
        }
        name = f"{now:%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
        try:
            with paths.new_folder(self.root / name) as folder:
                write_json(folder / ASKED, asked)
        except (TypeError, ValueError) as error:
            raise SpecError(
                f"This job cannot be written down ({error}): give texts, numbers and lists."
            ) from error
        return self.get(name)

    def get(self, id: str) -> Job:
        """One job as it stands now. Raises `StorageError` when there is none of that id."""
        self.poll()
        return read_job(self._folder(id))

    def list(self) -> tuple[Job, ...]:
        """All jobs, newest first."""
        self.poll()
        return tuple(job for job in map(self._read, reversed(self._folders())) if job is not None)

    def find(self, kind: str, payload: Mapping[str, Any]) -> Job | None:
        """The newest job of this kind that asks for exactly this, or None."""
        return next((job for job in self.list() if job.kind == kind and job.payload == payload), None)

    def cancel(self, id: str) -> Job:
        """Take a waiting job out of the queue, or ask a running one to stop; an ended one stays as it is.

        A worker that has not stopped after `patience` seconds is ended at the next look at the queue.
        """
        with self._locked():
            folder = self._folder(id)
            stands = read_stand(folder)
            if stands["state"] == JobState.QUEUED:
                self._end(folder, stands, JobState.CANCELLED)
            elif stands["state"] == JobState.RUNNING and "stopping" not in stands:
                write_stand(folder, {**stands, "stopping": time.time()})
                if _is_at_work(stands):
                    processes.end(stands["pid"], at_once=False)
        return self.get(id)

    def retry(self, id: str) -> Job:
        """Ask once more for what an ended job was asked for. Raises `SpecError` when it has not ended."""
        job = self.get(id)
        if not job.state.is_over:
            raise SpecError(f"The job “{job.label}” is still {job.state}: cancel it before trying again.")
        worker = read_json(job.folder / ASKED)["worker"]
        return self.submit(job.kind, job.payload, job.label, worker)

    def remove(self, id: str) -> None:
        """Delete the record of an ended job; what it made stays. Raises `SpecError` when it has not ended."""
        job = self.get(id)
        if not job.state.is_over:
            raise SpecError(f"The job “{job.label}” is still {job.state}: cancel it first.")
        shutil.rmtree(job.folder)

    def finish(self, id: str, state: JobState, error: str | None = None, result: Any = None) -> None:
        """Write down how a job ended and start the next one: the last thing a worker does."""
        with self._locked():
            folder = self._folder(id)
            self._end(folder, read_stand(folder), state, error, result)
        self.poll()

    def poll(self) -> None:
        """Notice dead workers, end those that do not stop, start what can start."""
        with self._locked():
            running = [folder for folder in self._folders() if self._still_runs(folder)]
            waiting = [f for f in self._folders() if self._state(f) == JobState.QUEUED]
            for folder in waiting[: max(0, self.slots - len(running))]:
                self._start(folder)

    def _start(self, folder: Path) -> None:
        try:
            asked = read_json(folder / ASKED)
            cwd = Path(asked["cwd"])
            pid, born = processes.spawn(
                [*asked["worker"], str(folder)], folder, cwd if cwd.is_dir() else self.root
            )
        except (OSError, KeyError, StorageError) as error:
            self._end(
                folder, {}, JobState.FAILED, f"The process for this job could not be started ({error})."
            )
            return
        stands = {"state": JobState.RUNNING, "pid": pid, "born": born, "started": time.time()}
        try:
            write_stand(folder, stands)
        except StorageError:
            processes.end(pid, at_once=True)
            raise

    def _still_runs(self, folder: Path) -> bool:
        """Whether a worker is at this job; one that died or does not stop when asked is put on record."""
        if self._state(folder) != JobState.RUNNING:
            return False
        stands = read_stand(folder)
        stopping = stands.get("stopping")
        if _is_at_work(stands):
            if stopping is not None and time.time() - stopping > self.patience:
                processes.end(stands["pid"], at_once=True)
            return True
        if stopping is not None:
            self._end(folder, stands, JobState.CANCELLED)
        else:
            last = read_log(folder).splitlines()[-1:]
            said = f" It last said: {last[0][:200]}" if last else ""
            self._end(folder, stands, JobState.FAILED, DIED + said)
        return False

    def _end(
        self,
        folder: Path,
        stands: Mapping[str, Any],
        state: JobState,
        error: str | None = None,
        result: Any = None,
    ) -> None:
        ended = {"state": state, "finished": time.time(), "error": error, "result": result}
        write_stand(folder, {**stands, **ended})

    def _state(self, folder: Path) -> JobState | None:
        try:
            return JobState(read_stand(folder)["state"])
        except (StorageError, KeyError, ValueError):
            return None

    def _read(self, folder: Path) -> Job | None:
        try:
            return read_job(folder)
        except StorageError as error:
            _log.warning("%s", error)
            return None

    def _folder(self, id: str) -> Path:
        folder = self.root / id
        if not (folder / ASKED).is_file():
            raise StorageError(f"There is no job “{id}” in {self.root}.")
        return folder

    def _folders(self) -> tuple[Path, ...]:
        return tuple(sorted(record.parent for record in self.root.glob(f"[0-9]*/{ASKED}")))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with paths.storage_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            try:
                with FileLock(self.root / ".lock", timeout=_LOCK_SECONDS):
                    yield
            except Timeout as error:
                raise StorageError(f"{self.root}: another process holds the queue. Try again.") from error


def _is_at_work(stands: Mapping[str, Any]) -> bool:
    """Whether the process on record still runs; a record without one says no."""
    return "pid" in stands and "born" in stands and processes.is_alive(stands["pid"], stands["born"])
