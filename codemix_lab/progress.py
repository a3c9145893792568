"""Progress and cancel: what every slow function accepts."""

from __future__ import annotations

from collections.abc import Callable

from codemix_lab.errors import Cancelled

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being done)."""

ShouldStop = Callable[[], bool]
"""Asked between steps; True means that the user wants to stop."""


def raise_if_stopped(should_stop: ShouldStop | None) -> None:
    """Raise `Cancelled` when the user asked to stop."""
    if should_stop is not None and should_stop():
        raise Cancelled("Stopped as asked; what was finished before is kept.")


def report(on_progress: Progress | None, done: int, total: int, what: str) -> None:
    """Tell the listener, if there is one, how far the work is."""
    if on_progress is not None:
        on_progress(done, total, what)
