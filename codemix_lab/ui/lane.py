"""One thread that does what is asked of it, the most urgent first."""

from __future__ import annotations

import atexit
import heapq
import itertools
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from codemix_lab.errors import Cancelled

T = TypeVar("T")

GRACE = 10.0
"""Seconds that work under way has to end when the server does."""
_open: weakref.WeakSet[Lane] = weakref.WeakSet()


class Lane:
    """Work beside the page, one piece at a time; the thread ends with the server or with `close`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Future[Any], Callable[[], Any]]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._at_work = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        _open.add(self)

    def put(self, urgency: int, work: Callable[[], T]) -> Future[T]:
        """Have `work` done: lower urgency numbers first, of equals the newest first.

        What it returns or raises, bugs included, is in the future.
        """
        future: Future[T] = Future()
        with self._changed:
            heapq.heappush(self._waiting, (urgency, -next(self._count), future, work))
            self._changed.notify_all()
        return future

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        with self._changed:
            return not self._waiting and not self._at_work

    def wait_idle(self, seconds: float) -> None:
        """Wait until there is nothing to do, `seconds` at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or (not self._waiting and not self._at_work), seconds)

    @property
    def closed(self) -> bool:
        """Whether nothing more will begin: the work under way should end too."""
        return self._closed

    def close(self, wait: float = 0.0) -> None:
        """Begin nothing more, and wait up to `wait` seconds for what is under way."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if wait:
            self._thread.join(wait)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._at_work = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if self._closed:
                    self._waiting.clear()
                    return
                _, _, future, work = heapq.heappop(self._waiting)
                self._at_work = True
            try:
                future.set_result(work())
            except Cancelled as stopped:
                # A new one: the traceback of this one holds the models that it came through.
                future.set_exception(Cancelled(*stopped.args))
            except BaseException as error:  # noqa: BLE001 whoever asks the future gets it, whatever it is
                future.set_exception(error)


@atexit.register
def _close_all() -> None:
    lanes = list(_open)
    for lane in lanes:
        lane.close()
    for lane in lanes:
        lane.close(wait=GRACE)
