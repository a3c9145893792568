"""A small JSON file that several tabs and processes change: read whole, written beside and renamed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock

from codemix_lab import paths
from codemix_lab.errors import StorageError


class JsonFile:
    """An object of named values at `path`; one that is not there is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """All values by name. Raises `StorageError` when the file is damaged; it is left as it is."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self.damaged(error) from error
        if not isinstance(kept, dict):
            raise self.damaged("it holds no names")
        return kept

    @contextlib.contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """Yield the values to be changed, and keep them when the block ends well. Raises `StorageError`."""
        with paths.storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock")):
            kept = self.read()
            yield kept
            with paths.new_file(self.path) as beside:
                beside.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")

    def damaged(self, why: object) -> StorageError:
        """The error for a file whose content is not what it should be."""
        return StorageError(f"{self.path} is damaged ({why}). Mend it, or move it away to begin anew.")
