"""Named arrays in one file that is written whole and read whole, or refused."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from codemix_lab.errors import StorageError
from codemix_lab.paths import new_file


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write numbers, texts and arrays under their names, replacing an older file in one step.

    Raises `StorageError` when the place cannot be written.
    """
    with new_file(path) as beside, beside.open("wb") as file:
        np.savez(file, **dict(arrays))


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read `write_npz` back; pickled objects are never opened. Raises `StorageError` for a damaged file."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, EOFError, TypeError, ValueError, RuntimeError, BadZipFile, zlib.error) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> StorageError:
    """The error for a file whose content is not what it should be."""
    return StorageError(f"{path}: this stored file cannot be read ({error}). Compute it again.")
