"""The desk: what it holds leaves the memory when it is closed, whoever still holds the desk."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable

from codemix_lab.config import MergeSpec, TaskSpec
from codemix_lab.ui.desk import Desk


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_closed_desk_lets_its_models_go_in_the_middle_of_a_column(bench: dict[str, str]) -> None:
    desk = Desk(bench["base"], (bench["adapted"],), TaskSpec(bench["task"]))
    desk.begin()
    until(lambda: desk.scorer is not None)
    scorer = weakref.ref(desk.scorer)
    spec = MergeSpec(bench["base"], (bench["adapted"],))
    desk.want(spec, whole_grid=True)
    until(lambda: bool((grid := desk.grid(spec)) and grid.columns))
    desk.close()
    assert desk.closed
    until(lambda: gc.collect() is not None and scorer() is None)
    assert desk.scorer is None
    desk.want(spec, whole_grid=True)
