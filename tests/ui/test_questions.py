"""Questions of several visitors: each worked on once, none starved by another visitor's, dropped when nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from codemix_lab.progress import ShouldStop
from codemix_lab.ui import questions
from codemix_lab.ui.lane import Lane
from codemix_lab.ui.questions import Questions

Ask = Callable[..., Any]


@pytest.fixture
def gate() -> threading.Event:
    """Holds the lane up until it is set."""
    return threading.Event()


@pytest.fixture
def lane(gate: threading.Event) -> Iterator[Lane]:
    made = Lane()
    made.put(0, gate.wait)
    yield made
    gate.set()
    made.close(wait=5)


@pytest.fixture
def asked() -> Questions:
    return Questions()


def echo(key: str, done: list[str]) -> Callable[[ShouldStop], str]:
    def work(_: ShouldStop) -> str:
        done.append(key)
        return key

    return work


def test_ten_visitors_are_all_answered_and_the_same_question_is_worked_on_once(
    asked: Questions, lane: Lane, gate: threading.Event
) -> None:
    done: list[str] = []
    futures = [
        asked.ask(f"visitor {i}", "score", f"λ {i // 2}", echo(f"λ {i // 2}", done), lane, 1)
        for i in range(10)
    ]
    assert asked.waiting("visitor 3") == {"score"} and asked.waiting("nobody") == set()
    gate.set()
    assert [future.result(timeout=10) for future in futures] == [f"λ {i // 2}" for i in range(10)]
    assert sorted(done) == [f"λ {i}" for i in range(5)]
    assert asked.waiting("visitor 3") == set() and asked.answered("visitor 3", ("score",)) == (1, 0)


def test_what_a_visitor_asked_before_is_dropped_unless_another_one_wants_it(
    asked: Questions, lane: Lane, gate: threading.Event
) -> None:
    done: list[str] = []
    for who, key in (("a", "old"), ("a", "shared"), ("b", "shared"), ("a", "new")):
        last = asked.ask(who, "score", key, echo(key, done), lane, 1)
    gate.set()
    last.result(timeout=10)
    lane.wait_idle(10)
    assert sorted(done) == ["new", "shared"]
    assert asked.ask("a", "score", "old", echo("old", done), lane, 1).result(timeout=10) == "old"


def test_three_questions_at_once_stay_wanted_and_a_failure_is_counted(
    asked: Questions, lane: Lane, gate: threading.Event
) -> None:
    def fail(_: ShouldStop) -> None:
        raise ZeroDivisionError

    done: list[str] = []
    for key in ("base", "merged"):
        asked.ask("a", "sentence", key, echo(key, done), lane, 1, at_once=3)
    asked.ask("a", "sentence", "CPT", fail, lane, 1, at_once=3)
    gate.set()
    lane.wait_idle(10)
    assert sorted(done) == ["base", "merged"]
    assert asked.answered("a", ("sentence",)) == (2, 1)


def test_what_is_remembered_is_bounded(
    asked: Questions, lane: Lane, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "KEPT", 5)
    monkeypatch.setattr(questions, "VISITORS", 4)
    gate.set()
    for i in range(20):
        asked.ask(f"v{i}", "score", i, lambda _: None, lane, 1).result(timeout=10)
    assert len(asked._asked) == 5 and list(asked._wanted) == ["v16", "v17", "v18", "v19"]
