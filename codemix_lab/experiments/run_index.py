"""A small file beside the runs that remembers what the list shows, so that 10,000 records need not be read."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codemix_lab import paths
from codemix_lab.errors import StorageError
from codemix_lab.experiments.run import RECORD

INDEX = ".index.json"
_FORMAT = 1
"""Raised when a row gets other fields."""

Row = dict[str, Any]


def indexed_rows(root: Path, read: Callable[[Path], Row | None]) -> list[Row]:
    """One row for each run folder of `root`; `read` is asked only where a record is new or has changed.

    A record is known by its size and time of change; a folder for which `read` gives None (damaged)
    has no row. The index is written anew when anything changed; on a disk that cannot be written, or
    where another process writes at once, the list is right all the same.
    """
    known = _read(root / INDEX)
    rows: dict[str, Row] = {}
    stamps: dict[str, list[int]] = {}
    changed = False
    for name in _folders(root):
        try:
            stat = os.stat(f"{root}/{name}/{RECORD}")
            stamp = [stat.st_size, stat.st_mtime_ns]
        except OSError:
            stamp = [-1, -1]
        before = known.get(name)
        if before is not None and before[0] == stamp:
            row: Row | None = before[1]
        else:
            row, changed = read(root / name), True
        if row is not None:
            rows[name], stamps[name] = row, stamp
    if changed or len(rows) != len(known):
        entries = {name: [stamps[name], row] for name, row in rows.items()}
        with contextlib.suppress(OSError, StorageError), paths.new_file(root / INDEX) as path:
            path.write_text(
                json.dumps({"format": _FORMAT, "runs": entries}, ensure_ascii=False), encoding="utf-8"
            )
    return list(rows.values())


def _folders(root: Path) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return sorted(e.name for e in entries if e.name[0] in "0123456789abcdef" and e.is_dir())
    except FileNotFoundError:
        return []


def _read(path: Path) -> dict[str, Any]:
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return dict(written["runs"]) if written["format"] == _FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
