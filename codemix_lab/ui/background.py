"""Work beside the page: a thread that ends with the server, and a future to ask."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Start `work` in a daemon thread; what it returns or raises is in the future, bugs included."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 the one who asks the future gets it, whatever it is
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
