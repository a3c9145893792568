"""Whether a page is being drawn just now: work beside it steps aside, so that what is known is seen first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from codemix_lab.progress import ShouldStop

LONGEST = 1.0
"""Seconds that a piece of work waits for pages at most: many visitors slow it down and never stop it."""


class Calm:
    """Counts the pages that are being drawn."""

    def __init__(self) -> None:
        self._drawing = 0
        self._changed = threading.Condition()

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """A page is being drawn while the block runs."""
        with self._changed:
            self._drawing += 1
        try:
            yield
        finally:
            with self._changed:
                self._drawing -= 1
                self._changed.notify_all()

    def wait(self, longest: float = LONGEST) -> bool:
        """Wait until no page is being drawn, `longest` seconds at most; whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._drawing, longest)

    def before(self, should_stop: ShouldStop) -> ShouldStop:
        """`should_stop`, asked once it is calm."""

        def asked() -> bool:
            self.wait()
            return should_stop()

        return asked
