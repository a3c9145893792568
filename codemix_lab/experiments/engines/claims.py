"""Claims: which process is at which run, so that no two do the same, on one machine or on many."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from codemix_lab import paths
from codemix_lab.experiments import processes

BEAT = 5.0
"""Seconds between two signs of life of a claim."""
SILENCE = 60.0
"""Seconds without one after which a claim from another machine counts as abandoned."""
_LOCK_SECONDS = 10.0


class Claims:
    """Claims under `root`, a file each, made with O_EXCL and touched while the work goes on.

    On the same machine a claim ends with its process; from another one it is abandoned when its file
    has not changed for `silence` seconds of this process's own monotonic clock, so that clocks may
    differ or be set. A claim taken twice costs time and nothing else: the store keeps the first result.
    """

    def __init__(self, root: Path, beat: float = BEAT, silence: float = SILENCE) -> None:
        self.root, self._beat, self._silence = root, beat, silence
        self._seen: dict[str, tuple[int, float]] = {}

    @contextlib.contextmanager
    def take(self, name: str) -> Iterator[bool]:
        """Whether the claim is ours while the block runs; it is given up at the end.

        Raises `StorageError` where claims cannot be written.
        """
        if not self._taken(name):
            yield False
            return
        stop = threading.Event()
        beating = threading.Thread(target=self._keep_alive, args=(name, stop), daemon=True)
        beating.start()
        try:
            yield True
        finally:
            stop.set()
            beating.join()
            (self.root / name).unlink(missing_ok=True)

    def holder(self, name: str) -> dict[str, Any] | None:
        """Host, pid and birth of the process that holds the claim, or None."""
        try:
            return dict(json.loads((self.root / name).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    def holders(self) -> dict[str, tuple[str, int]]:
        """Host and process number by name of claim, of all that are held now."""
        held = {path.name: self.holder(path.name) for path in self.root.glob("[0-9a-f]*")}
        return {name: (str(by["host"]), int(by["pid"])) for name, by in held.items() if by is not None}

    def drop(self, name: str, whom: tuple[str, int]) -> None:
        """Take a claim away from a process that is known to be gone, and from no other."""
        with contextlib.suppress(Timeout), FileLock(self.root / ".lock", timeout=_LOCK_SECONDS):
            if (held := self.holder(name)) and (held.get("host"), held.get("pid")) == whom:
                (self.root / name).unlink(missing_ok=True)

    def _taken(self, name: str) -> bool:
        path = self.root / name
        try:
            with paths.storage_errors(self.root):
                self.root.mkdir(parents=True, exist_ok=True)
                with FileLock(self.root / ".lock", timeout=_LOCK_SECONDS):
                    if path.exists() and self._is_abandoned(path):
                        path.unlink(missing_ok=True)
                    with path.open("x", encoding="utf-8") as file:
                        _sign(file, path)
        except (FileExistsError, Timeout):
            return False
        return True

    def _is_abandoned(self, path: Path) -> bool:
        held = self.holder(path.name)
        if held is not None and held.get("host") == platform.node():
            return not processes.is_alive(int(held["pid"]), float(held["born"] or 0.0))
        try:
            changed = path.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        before, since = self._seen.get(path.name, (None, 0.0))
        now = time.monotonic()
        if before != changed:
            self._seen[path.name] = (changed, now)
            return False
        return now - since > self._silence

    def _keep_alive(self, name: str, stop: threading.Event) -> None:
        while not stop.wait(self._beat):
            with contextlib.suppress(OSError):
                os.utime(self.root / name)


def _sign(file: IO[str], path: Path) -> None:
    """Say whose it is; on a full disk no claim of nobody's is left."""
    pid = os.getpid()
    try:
        json.dump({"host": platform.node(), "pid": pid, "born": processes.birth(pid)}, file)
        file.flush()
    except OSError:
        path.unlink(missing_ok=True)
        raise
