"""Files that a visitor adds, kept under the workspace by their content."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from codemix_lab import paths
from codemix_lab.errors import DataError
from codemix_lab.text.readers import TABLE_SUFFIXES
from codemix_lab.ui.allowed import check_may_change

CORPORA = "corpora"
"""The room of running text."""


def keep_upload(
    name: str, content: bytes, suffixes: tuple[str, ...] = TABLE_SUFFIXES, room: str = "uploads"
) -> Path:
    """Keep an uploaded file in a `room` of the workspace and return where it lies; the same content is kept once.

    Raises `SpecError` where the lab is on show only, `DataError` for an empty file or one whose name does not end
    in one of `suffixes`, `StorageError` when it cannot be written.
    """
    check_may_change()
    bare = re.sub(r"[^\w.-]+", "_", Path(name).name).lstrip(".")
    if not bare.lower().endswith(suffixes):
        raise DataError(f"{name} cannot be read here: choose a file ending in {', '.join(suffixes)}.")
    if not content:
        raise DataError(f"{name} is empty.")
    target = uploads(room) / hashlib.sha256(content).hexdigest()[:10] / bare
    if not target.is_file():
        with paths.new_file(target) as beside:
            beside.write_bytes(content)
    return target


def kept_uploads(room: str = "uploads") -> list[str]:
    """Paths of all kept files of a room, by name."""
    return [str(path) for path in sorted(uploads(room).glob("*/[!.]*"), key=lambda path: path.name)]


def uploads(room: str = "uploads") -> Path:
    """Folder of kept uploads."""
    return paths.workspace() / room
