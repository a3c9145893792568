"""Where things lie on disk, and how they get there whole: write beside, then rename."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

from codemix_lab.errors import StorageError

PACKAGE = Path(__file__).resolve().parent
_STALE_SECONDS = 24 * 3600
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TORCH_WRITES = "inline_container.cc"


def user_cache() -> Path:
    """Folder for downloads and the starter: `CODEMIX_LAB_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("CODEMIX_LAB_CACHE")
    return Path(chosen).expanduser().resolve() if chosen else user_cache_path("codemix-lab")


def checkout() -> Path | None:
    """Root of the source checkout this package runs from, or None for an installed wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "app.py").is_file() else None


def workspace() -> Path:
    """Folder for runs, curves, jobs and exports: `cache/` of a checkout, else under `user_cache()`."""
    chosen = os.environ.get("CODEMIX_LAB_WORKSPACE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    root = checkout()
    return root / "cache" if root else user_cache() / "workspace"


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target` that becomes `target` when the block ends well.

    Nothing is ever overwritten: raises `StorageError` if `target` exists, before or at the end,
    and when the disk is full. Whatever happens in the block, no half folder is left.
    """
    target = Path(target)
    _refuse_existing(target)
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with storage_errors(target):
            beside.mkdir(parents=True)
            yield beside
            _refuse_existing(target)
            beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def sweep_parts(parent: Path, name: str | None = None) -> None:
    """Delete what killed processes left half-written in `parent` more than a day ago: of one target, or of all."""
    stem = "*" if name is None else glob.escape(name)
    for left in parent.glob(f".{stem}.{'[0-9a-f]' * 8}.part"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that replaces `target` in one step when the block ends well."""
    target = Path(target)
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield beside
            os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def storage_errors(target: Path) -> Iterator[None]:
    """Turn what the disk says into a `StorageError` that names the file and what to do."""
    try:
        yield
    except Exception as error:
        if _tells_of_a_full_disk(error):
            raise StorageError(
                f"{target}: the disk is full. Free some space and try again; nothing was changed."
            ) from error
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(f"{target}: this place cannot be written. Choose another folder.") from error
        raise


def _tells_of_a_full_disk(error: Exception) -> bool:
    """Also where a library wraps what the disk says in an error of its own, as safetensors and torch.save do."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    text = str(error)
    return any(f"(os error {number})" in text for number in _FULL) or _TORCH_WRITES in text


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise StorageError(
            f"{target} exists already and is never overwritten. Choose another name or remove it first."
        )
