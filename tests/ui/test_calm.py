"""Work steps aside while a page is drawn, and not for ever."""

from __future__ import annotations

import threading

from codemix_lab.ui.calm import Calm


def test_work_waits_until_no_page_is_being_drawn() -> None:
    calm, asked, order = Calm(), threading.Event(), []

    def should_stop() -> bool:
        order.append("worked")
        return False

    def work() -> None:
        asked.set()
        assert not calm.before(should_stop)()

    worker = threading.Thread(target=work)
    with calm.drawing(), calm.drawing():
        worker.start()
        asked.wait(10)
        order.append("drawn")
    worker.join(10)
    assert order == ["drawn", "worked"]


def test_it_is_calm_again_after_a_page_that_failed_and_work_never_waits_for_ever() -> None:
    calm = Calm()
    assert calm.wait(0)
    try:
        with calm.drawing():
            assert not calm.wait(0.01)
            raise ValueError
    except ValueError:
        pass
    assert calm.wait(0)
