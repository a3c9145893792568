"""The lane: what is urgent goes first, what fails is told to the one who asked."""

from __future__ import annotations

import threading
import weakref

import pytest

from codemix_lab.errors import Cancelled
from codemix_lab.ui.lane import Lane


def test_the_most_urgent_goes_first_and_of_equals_the_newest() -> None:
    lane, gate, order = Lane(), threading.Event(), []
    lane.put(0, gate.wait)
    asked = [
        lane.put(urgency, lambda name=name: order.append(name))
        for urgency, name in ((2, "slow"), (1, "old"), (1, "new"))
    ]
    gate.set()
    for future in asked:
        future.result(timeout=10)
    assert order == ["new", "old", "slow"]
    lane.close()


def test_a_failure_is_in_the_future_and_the_lane_goes_on() -> None:
    lane = Lane()
    with pytest.raises(ZeroDivisionError):
        lane.put(1, lambda: 1 // 0).result(timeout=10)
    assert lane.put(1, lambda: 5).result(timeout=10) == 5
    lane.wait_idle(10)
    assert lane.idle
    lane.close()


def test_what_was_cancelled_holds_nothing_of_the_work() -> None:
    class Model:
        pass

    def stopped() -> None:
        model = Model()
        held.append(weakref.ref(model))
        raise Cancelled("stopped")

    lane, held = Lane(), []
    future = lane.put(1, stopped)
    with pytest.raises(Cancelled, match="stopped"):
        future.result(timeout=10)
    lane.wait_idle(10)
    assert held[0]() is None
    lane.close()
