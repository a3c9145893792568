"""The process that does one job of the queue: `python -m codemix_lab.worker JOBFOLDER`.

Progress goes to stdout, one JSON object a line; SIGTERM asks it to stop. What the kinds of job do is
written in `job_kinds`.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codemix_lab import paths
from codemix_lab.errors import Cancelled, CodeMixLabError, SpecError
from codemix_lab.experiments.job_record import ROWS, STDERR, read_job
from codemix_lab.experiments.jobs import JobQueue, JobState
from codemix_lab.job_kinds import KINDS, Kind, plain

NO_MEMORY = "The memory of this machine was not enough. Take fewer sentences or a smaller model."
_SECONDS_BETWEEN_REPORTS = 0.2


class Listener:
    """What a job tells while it runs, and whether it is asked to stop."""

    def __init__(self, folder: Path) -> None:
        self._rows = folder / ROWS
        self._stop = threading.Event()
        self._told = 0.0
        signal.signal(signal.SIGTERM, lambda *_: self._stop.set())

    def on_progress(self, done: int, total: int, what: str) -> None:
        """Print one line, at most five a second, and always the last one."""
        now = time.monotonic()
        if done < total and now - self._told < _SECONDS_BETWEEN_REPORTS:
            return
        self._told = now
        with contextlib.suppress(OSError):
            print(json.dumps({"done": done, "total": total, "what": what}), flush=True)

    def on_row(self, row: Mapping[str, Any]) -> None:
        """Keep a row of the growing result, to be shown before the job is done."""
        with contextlib.suppress(OSError), self._rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(plain(row), ensure_ascii=False) + "\n")

    def should_stop(self) -> bool:
        """Whether SIGTERM came."""
        return self._stop.is_set()


def main(arguments: Sequence[str], kinds: Mapping[str, Kind] = KINDS) -> int:
    """Do the job in the folder `arguments[0]`, write down how it ended, start the next one."""
    folder = Path(arguments[0]).resolve()
    state, error, result = _outcome(folder, kinds, Listener(folder))
    JobQueue(folder.parent).finish(folder.name, state, error, result)
    return int(state is JobState.FAILED)


def _outcome(folder: Path, kinds: Mapping[str, Kind], listener: Listener) -> tuple[JobState, str | None, Any]:
    """State, error and result: whatever happens inside a job becomes a sentence for the user."""
    try:
        job = read_job(folder)
        if job.kind not in kinds:
            raise SpecError(f"There is no job of the kind “{job.kind}”: choose one of {', '.join(kinds)}.")
        with paths.storage_errors(paths.workspace()):
            result = kinds[job.kind](job.payload, listener)
        json.dumps(result)
        return JobState.DONE, None, result
    except Cancelled:
        return JobState.CANCELLED, None, None
    except CodeMixLabError as error:
        return JobState.FAILED, str(error), None
    except MemoryError:
        return JobState.FAILED, NO_MEMORY, None
    except Exception as error:
        traceback.print_exc()
        report = f"This is a bug ({type(error).__name__}: {error}). Please report it with {folder / STDERR}."
        return JobState.FAILED, report, None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
