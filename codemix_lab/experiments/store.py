"""The store of runs: one folder a run, named by what went in, written whole and checked when read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from codemix_lab import paths
from codemix_lab.errors import StorageError
from codemix_lab.experiments.run import MODEL, Findings, Run, RunKey, read_run, seal
from codemix_lab.experiments.run_index import indexed_rows, remember

DAMAGED = ".damaged"
COLUMNS = ["id", "kind", "start", "task", "train_size", "seed", "dev", "test", "model", "bytes", "created"]
_FORMAT = 1
"""Raised when something kept under a `content_key` changes its meaning: older files are then not read."""
_log = logging.getLogger(__name__)


class RunStore:
    """Runs under `root`. Any number of processes may read and write at once.

    A damaged entry is moved to `.damaged` with a warning and counts as absent; nothing else is ever
    deleted except by `remove`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = Path(root) if root is not None else paths.workspace() / "runs"
        self._swept = False

    def find(self, key: RunKey) -> Run | None:
        """The run made from exactly these inputs, or None. Weights are checked by size, the rest by hash."""
        folder = self.root / key.id
        return self._checked(folder, weights=False) if folder.is_dir() else None

    def open(self, id: str) -> Run:
        """The run whose id begins so, every file checked by hash.

        Raises `StorageError` when there is none, more than one, or it turns out to be damaged.
        """
        folders = [folder for folder in self._folders() if id and folder.name.startswith(id)]
        if len(folders) > 1:
            names = ", ".join(folder.name for folder in folders[:4])
            raise StorageError(f"“{id}” begins the ids of several runs ({names}): give more of it.")
        if not folders:
            raise StorageError(f"There is no run “{id}” in {self.root}.")
        run = self._checked(folders[0], weights=True)
        if run is None:
            raise StorageError(
                f"The run {folders[0].name} is damaged and was moved to {self.root / DAMAGED}. Run it again."
            )
        return run

    def save(self, key: RunKey, writer: Callable[[Path], Findings]) -> Run:
        """Keep what `writer` puts into an empty folder, under `key`; the whole of it or nothing.

        A run that is there already is returned and the writer not called; of two processes that write
        the same key the first wins, and the second returns the first one's. Raises what the writer
        raises, and `StorageError`.
        """
        if (found := self.find(key)) is not None:
            return found
        if not self._swept:
            paths.sweep_parts(self.root)
            self._swept = True
        try:
            with paths.new_folder(self.root / key.id) as folder:
                seal(folder, key, writer(folder))
        except (StorageError, OSError):
            if (found := self.find(key)) is not None:
                return found
            raise
        run = read_run(self.root / key.id)
        remember(self.root, run.id, _row(run))
        return run

    def list(self) -> pd.DataFrame:
        """All runs as a table (`COLUMNS`), newest first: dev and test are macro-F1, model a folder."""
        rows = indexed_rows(self.root, self._row)
        for row in rows:
            row["model"] = str(self.root / row["id"] / MODEL) if row["model"] else None
        frame = pd.DataFrame(rows, columns=COLUMNS)
        frame["created"] = pd.to_datetime(frame["created"], unit="s", utc=True)
        return frame.sort_values("created", ascending=False, ignore_index=True)

    def size(self) -> int:
        """Bytes that the store takes on disk, damaged entries included."""
        return sum(_bytes(path) for path in self.root.rglob("*"))

    def damaged(self) -> tuple[Path, ...]:
        """Folders of entries that were found damaged and set aside."""
        return tuple(sorted(p for p in (self.root / DAMAGED).glob("*") if p.is_dir()))

    def remove(self, id: str) -> None:
        """Delete one run. Raises `StorageError` as `open` does."""
        shutil.rmtree(self.open(id).folder)

    def _row(self, folder: Path) -> dict[str, Any] | None:
        run = self._readable(folder)
        return None if run is None else _row(run)

    def _checked(self, folder: Path, weights: bool) -> Run | None:
        run = self._readable(folder)
        fault = run.fault(weights) if run is not None else None
        if fault is not None:
            self._set_aside(folder, fault)
            return None
        return run

    def _readable(self, folder: Path) -> Run | None:
        try:
            return read_run(folder)
        except StorageError as error:
            self._set_aside(folder, str(error))
            return None

    def _set_aside(self, folder: Path, fault: str) -> None:
        aside = self.root / DAMAGED / f"{folder.name}-{time.time_ns():x}"
        with contextlib.suppress(FileNotFoundError):
            aside.parent.mkdir(exist_ok=True)
            folder.rename(aside)
            _log.warning("%s: this run is damaged (%s). It was moved to %s.", folder, fault, aside)

    def _folders(self) -> tuple[Path, ...]:
        return tuple(sorted(p for p in self.root.glob("[0-9a-f]*") if p.is_dir()))


def content_key(*parts: Any) -> str:
    """A short name for what plain values say together: the same values, the same 20 hexadecimal digits."""
    text = json.dumps((_FORMAT, *parts), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _row(run: Run) -> dict[str, Any]:
    known = {split: scores.macro_f1 for split, scores in run.metrics.items()}
    return {
        "id": run.id,
        "kind": run.kind,
        "start": run.provenance.get("start"),
        "task": run.provenance.get("task"),
        "train_size": run.spec.get("train_size"),
        "seed": run.spec.get("seed"),
        "dev": known.get("dev"),
        "test": known.get("test"),
        "model": run.model is not None,
        "bytes": sum(size for _, size in run.files.values()),
        "created": run.created.timestamp(),
    }


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
