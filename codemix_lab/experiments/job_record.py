"""One job on disk: what was asked (written once), and how far it is (replaced in one step)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from codemix_lab.errors import StorageError
from codemix_lab.paths import new_file

ASKED, STANDS, ROWS, STDOUT, STDERR = "job.json", "state.json", "rows.jsonl", "stdout", "stderr"
_TAIL = 8192


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class Job:
    """A job as it stood when it was read.

    `progress` is (done, total, what) or None before the first report, `error` a sentence for the
    user, `result` what the kind of job returned (plain JSON values), times are in UTC.
    """

    id: str
    kind: str
    label: str
    payload: dict[str, Any]
    state: JobState
    progress: tuple[int, int, str] | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    error: str | None
    result: Any
    folder: Path

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What the job has found so far, row by row: to be shown before it is done."""
        return [row for row in _json_lines(_read(self.folder / ROWS)) if isinstance(row, dict)]

    @property
    def log(self) -> str:
        """The last of what the process said on stderr."""
        return read_log(self.folder)


def read_job(folder: Path) -> Job:
    """Read the job kept in `folder`. Raises `StorageError` when its files are gone or damaged."""
    try:
        asked, stands = read_json(folder / ASKED), read_stand(folder)
        return Job(
            id=folder.name,
            kind=asked["kind"],
            label=asked["label"],
            payload=asked["payload"],
            state=JobState(stands["state"]),
            progress=_progress(folder),
            created=datetime.fromtimestamp(asked["created"], UTC),
            started=_when(stands.get("started")),
            finished=_when(stands.get("finished")),
            error=stands.get("error"),
            result=stands.get("result"),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(
            f"{folder}: the record of this job is damaged ({error}). Remove the folder."
        ) from error


def read_log(folder: Path) -> str:
    """The last few thousand characters that the process of a job said on stderr."""
    return _tail(folder / STDERR).strip()


def read_stand(folder: Path) -> dict[str, Any]:
    """The changing half of the record; a job that nobody has touched yet is queued."""
    path = folder / STANDS
    return read_json(path) if path.is_file() else {"state": JobState.QUEUED}


def write_stand(folder: Path, stands: Mapping[str, Any]) -> None:
    """Replace the changing half of the record. Raises `StorageError`."""
    write_json(folder / STANDS, stands)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write one JSON object beside `path`, then put it in place. Raises `StorageError`."""
    with new_file(path) as beside:
        beside.write_text(json.dumps(values, ensure_ascii=False, indent=1), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object. Raises `StorageError` when there is none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} cannot be read ({error}).") from error
    if not isinstance(values, dict):
        raise StorageError(f"{path} holds no JSON object.")
    return values


def _progress(folder: Path) -> tuple[int, int, str] | None:
    for line in reversed(_json_lines(_tail(folder / STDOUT))):
        if isinstance(line, dict) and {"done", "total", "what"} <= set(line):
            return int(line["done"]), int(line["total"]), str(line["what"])
    return None


def _json_lines(text: str) -> list[Any]:
    """Every line that is JSON; what libraries print in between, and a half-written line, is passed over."""
    values = []
    for line in text.splitlines():
        try:
            values.append(json.loads(line))
        except ValueError:
            continue
    return values


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _tail(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode("utf-8", errors="replace")


def _when(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
