"""A journal beside the runs that remembers what the list shows, so that 10,000 records need not be read."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from codemix_lab import paths
from codemix_lab.errors import StorageError
from codemix_lab.experiments.run import RECORD

INDEX = ".index.jsonl"
_FORMAT = 1
"""Raised when a row gets other fields."""
_FIELDS = 5
_SPARE = 1000
"""Lines that no run needs any more, beyond as many as there are runs, before the journal is written anew."""

Row = dict[str, Any]
_Known = dict[str, tuple[list[int], Row]]


def remember(root: Path, name: str, row: Row) -> None:
    """Note the row of a run that was just saved: one line at the end, in one write.

    Any number of processes may do so at once. A line that is lost or torn, as on a full disk or a network
    share, costs the reading of one record at the next list and nothing else.
    """
    _append(root, [(name, _stamp(root, name), row)])


def indexed_rows(root: Path, read: Callable[[Path], Row | None]) -> list[Row]:
    """One row for each run folder of `root`; `read` is asked only where the journal lacks a record or it changed.

    A record is known by its size and time of change; a folder for which `read` gives None (damaged)
    has no row. Where the disk cannot be written, the list is right all the same.
    """
    known, lines = _read(root / INDEX)
    rows: dict[str, Row] = {}
    new: list[tuple[str, list[int], Row]] = []
    for name in _folders(root):
        stamp = _stamp(root, name)
        before = known.get(name)
        row = before[1] if before is not None and before[0] == stamp else read(root / name)
        if row is None:
            continue
        rows[name] = row
        if before is None or before[0] != stamp:
            new.append((name, stamp, row))
    _append(root, new)
    if lines > 2 * len(rows) + _SPARE:
        entries = ((name, _stamp(root, name), row) for name, row in rows.items())
        with contextlib.suppress(OSError, StorageError), paths.new_file(root / INDEX) as path:
            path.write_text(_text(entries), encoding="utf-8")
    return list(rows.values())


def _append(root: Path, entries: list[tuple[str, list[int], Row]]) -> None:
    if entries:
        with contextlib.suppress(OSError), open(root / INDEX, "ab", buffering=0) as file:
            file.write(_text(entries).encode())


def _text(entries: Iterable[tuple[str, list[int], Row]]) -> str:
    """Lines that begin with their line break, so that a torn one spoils no other."""
    return "".join("\n" + json.dumps([_FORMAT, name, *stamp, row]) for name, stamp, row in entries)


def _stamp(root: Path, name: str) -> list[int]:
    try:
        stat = os.stat(f"{root}/{name}/{RECORD}")
    except OSError:
        return [-1, -1]
    return [stat.st_size, stat.st_mtime_ns]


def _folders(root: Path) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return sorted(e.name for e in entries if e.name[0] in "0123456789abcdef" and e.is_dir())
    except FileNotFoundError:
        return []


def _read(path: Path) -> tuple[_Known, int]:
    """Stamp and row by run, the last line of each, and how many lines there are."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if line]
    except OSError:
        return {}, 0
    try:
        entries = json.loads(f"[{','.join(lines)}]")
    except ValueError:
        entries = [entry for line in lines if (entry := _entry(line)) is not None]
    known: _Known = {}
    for entry in entries:
        if isinstance(entry, list) and len(entry) == _FIELDS and entry[0] == _FORMAT:
            _, name, size, changed, row = entry
            if isinstance(row, dict):
                known[str(name)] = ([size, changed], row)
    return known, len(lines)


def _entry(line: str) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(line)
    return None
