"""The driver's side of every engine: workers hired, replaced when they die, and let go at the end."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from codemix_lab.errors import CodeMixLabError
from codemix_lab.experiments.engines.plan import Plan, State
from codemix_lab.experiments.engines.work import NOW, claims_of
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

DIED = (
    "The process ended twice at this run: it was killed, or the machine ran out of memory. "
    "Take fewer workers, shorter sentences or a smaller model."
)
_PAUSE = 0.1
_PATIENCE = 20.0
_MOST_DEATHS = 2
_MOST_STILLBORN = 3


class Member(Protocol):
    """One worker as its driver sees it, wherever it runs."""

    def is_alive(self) -> bool:
        """Whether it works, or will. Raises `CodeMixLabError` where it says that it never can."""
        ...

    def whom(self) -> tuple[str, int] | None:
        """Host and number of its process, as its claims carry them; None before it has started."""
        ...

    def end(self, *, at_once: bool) -> None:
        """Ask it to stop, or stop it without asking."""
        ...

    def last_words(self) -> str:
        """What a dead one said last; empty where nothing is known."""
        ...


def drive(
    plan: Plan,
    size: int,
    hire: Callable[[], Member],
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> State:
    """Keep `size` workers at a plan until nothing is left.

    A run at which a worker died twice counts as failed. Raises `Cancelled` after all workers have
    stopped, `StorageError` when the plan cannot be written, and `CodeMixLabError` when workers end
    before they take a run.
    """
    plan.write()
    team = _Team(plan, min(len(plan.left()), size), hire)
    finished = False
    try:
        while (state := plan.state()).left:
            raise_if_stopped(should_stop)
            team.fill()
            report(on_progress, *_progress(plan, state))
            time.sleep(_PAUSE)
        finished = True
    finally:
        team.stop(at_once=finished)
    report(on_progress, 1000 * state.total, 1000 * state.total, "")
    return state


class _Team:
    """The workers of one driver."""

    def __init__(self, plan: Plan, size: int, hire: Callable[[], Member]) -> None:
        self._plan, self._size, self._hire = plan, size, hire
        self._claims, self._held = claims_of(plan), dict[str, tuple[str, int]]()
        self._members: list[Member] = []
        self._deaths: Counter[str] = Counter()
        self._stillborn = 0

    def fill(self) -> None:
        """As many workers as there shall be, dead ones replaced."""
        dead = [member for member in self._members if not member.is_alive()]
        if dead and not self._plan.left():
            return
        before, self._held = self._held, self._claims.holders()
        for member in dead:
            self._members.remove(member)
            at = self._at(member, before) | self._at(member, self._held)
            self._free(member)
            self._stillborn += not at
            for name in at:
                self._count(name)
        if self._stillborn > _MOST_STILLBORN:
            last = next(filter(None, (member.last_words() for member in reversed(dead))), "")
            raise CodeMixLabError(f"Worker processes end before they do a run{': ' if last else ''}{last}.")
        while len(self._members) < self._size:
            self._members.append(self._hire())

    def stop(self, at_once: bool) -> None:
        """Ask all to stop, wait, and end those that do not; `at_once` where they have nothing to lose."""
        for member in self._members:
            member.end(at_once=at_once)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and any(map(_runs, self._members)):
            time.sleep(0.05)
        self._held = self._claims.holders()
        for member in self._members:
            if _runs(member):
                member.end(at_once=True)
            self._free(member)
        self._members.clear()

    def _at(self, member: Member, held: dict[str, tuple[str, int]]) -> set[str]:
        """Unfinished runs that a worker was at when that look was taken; another one may have them by now."""
        names = {name for name, whom in held.items() if whom == member.whom()} & self._plan.names.keys()
        return {name for name in names if not self._plan.is_done(self._plan.names[name])}

    def _free(self, member: Member) -> None:
        """Give up what a dead worker still claims, and take its note away."""
        if (whom := member.whom()) is not None:
            (self._plan.folder / NOW.format(host=whom[0], pid=whom[1])).unlink(missing_ok=True)
            for name in [name for name, held in self._held.items() if held == whom]:
                self._claims.drop(name, whom)

    def _count(self, name: str) -> None:
        self._deaths[name] += 1
        if self._deaths[name] >= _MOST_DEATHS:
            self._plan.fail(self._plan.names[name], DIED)


def _runs(member: Member) -> bool:
    try:
        return member.is_alive()
    except CodeMixLabError:
        return False


def _progress(plan: Plan, state: State) -> tuple[int, int, str]:
    """Thousandths of all runs, with what the workers are at."""
    now = list(filter(None, map(_note, plan.folder.glob(NOW.format(host="*", pid="*")))))
    under_way = sum(note["done"] / max(1, note["total"]) for note in now)
    ended = state.done + len(state.failed)
    what = f"{ended} of {state.total} runs"
    if now:
        what += "; " + " · ".join(f"{note['run']} (seed {note['seed']})" for note in now[:4])
    return round(1000 * min(state.total, ended + under_way)), 1000 * state.total, what


def _note(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return None
