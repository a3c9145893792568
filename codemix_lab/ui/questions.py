"""What visitors ask of a desk: each question worked on once, whoever asks, for as long as someone wants it."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Hashable
from concurrent.futures import Future
from typing import Any

from codemix_lab.errors import Cancelled
from codemix_lab.progress import ShouldStop, raise_if_stopped
from codemix_lab.ui.lane import Lane

KEPT = 128
"""Questions whose answers are remembered."""
VISITORS = 64
"""Visitors whose wishes are remembered: those who asked last."""


class Questions:
    """Futures by (kind, key). A question is dropped when no visitor wants it any more."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str, Hashable], Future[Any]] = OrderedDict()
        self._wanted: OrderedDict[str, dict[str, deque[Hashable]]] = OrderedDict()
        self._lock = threading.Lock()

    def ask(
        self,
        who: str,
        kind: str,
        key: Hashable,
        work: Callable[[ShouldStop], Any],
        lane: Lane,
        urgency: int,
        *,
        at_once: int = 1,
        again: bool = False,
    ) -> Future[Any]:
        """The future of (kind, key), begun where it is not under way.

        A visitor wants the last `at_once` questions of a kind; what was cancelled is begun anew, with
        `again` also what is done.
        """
        with self._lock:
            self._want(who, kind, key, at_once)
            future = self._asked.get((kind, key))
            if future is None or (future.done() and _asks_again(future, again)):

                def stop() -> bool:
                    return lane.closed or not self._is_wanted(kind, key)

                def answer() -> Any:
                    raise_if_stopped(stop)
                    return work(stop)

                future = lane.put(urgency, answer)
                self._asked[(kind, key)] = future
            self._asked.move_to_end((kind, key))
            while len(self._asked) > KEPT:
                self._asked.popitem(last=False)
            return future

    def waiting(self, who: str) -> set[str]:
        """The kinds of questions that this visitor still waits for."""
        return {kind for kind, future in self._wishes(who) if not future.done()}

    def answered(self, who: str, kinds: Collection[str]) -> tuple[int, int]:
        """How many wishes of this visitor came to an answer, of these kinds, and to an error, of any."""
        over = [(kind, future.exception()) for kind, future in self._wishes(who) if future.done()]
        failed = sum(error is not None for _, error in over)
        return sum(kind in kinds and error is None for kind, error in over), failed

    def _wishes(self, who: str) -> list[tuple[str, Future[Any]]]:
        with self._lock:
            wanted = [(kind, key) for kind, keys in self._wanted.get(who, {}).items() for key in keys]
            return [(kind, self._asked[kind, key]) for kind, key in wanted if (kind, key) in self._asked]

    def _want(self, who: str, kind: str, key: Hashable, at_once: int) -> None:
        keys = self._wanted.setdefault(who, {}).setdefault(kind, deque(maxlen=at_once))
        if key in keys:
            keys.remove(key)
        keys.append(key)
        self._wanted.move_to_end(who)
        while len(self._wanted) > VISITORS:
            self._wanted.popitem(last=False)

    def _is_wanted(self, kind: str, key: Hashable) -> bool:
        with self._lock:
            return any(key in kinds.get(kind, ()) for kinds in self._wanted.values())


def _asks_again(future: Future[Any], again: bool) -> bool:
    error = future.exception()
    return isinstance(error, Cancelled) or (again and error is None)
