"""Files that a visitor adds, kept under the workspace by their content."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from codemix_lab import paths
from codemix_lab.errors import DataError
from codemix_lab.text.readers import TABLE_SUFFIXES


def keep_upload(name: str, content: bytes) -> Path:
    """Keep an uploaded table and return where it lies; the same content is kept once.

    Raises `DataError` for an empty file or one that is no table by its name, `StorageError` when
    it cannot be written.
    """
    bare = re.sub(r"[^\w.-]+", "_", Path(name).name).lstrip(".")
    if not bare.lower().endswith(TABLE_SUFFIXES):
        raise DataError(f"{name} is no table: choose a file ending in {', '.join(TABLE_SUFFIXES)}.")
    if not content:
        raise DataError(f"{name} is empty.")
    target = uploads() / hashlib.sha256(content).hexdigest()[:10] / bare
    if not target.is_file():
        with paths.new_file(target) as beside:
            beside.write_bytes(content)
    return target


def kept_uploads() -> list[str]:
    """Paths of all kept tables, by name."""
    return [str(path) for path in sorted(uploads().glob("*/[!.]*"), key=lambda path: path.name)]


def uploads() -> Path:
    """Folder of kept uploads."""
    return paths.workspace() / "uploads"
