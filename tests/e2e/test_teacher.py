"""A teacher's way through the lesson: by the keys of a presenter's remote, on a beamer and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codemix_lab.ui.learn.script import steps

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Visit = Callable[..., Any]
Screenshot = Callable[[Any, str], None]
SHOWN = {
    "mixing": ".words small",
    "cpt": ".guesses",
    "plane": ".st-key-chart-plane .js-plotly-plot",
    "arrow": ".lab .marker.f1",
    "trimming": ".st-key-chart-energy .js-plotly-plot",
    "signs": ".st-key-guess canvas",
    "transfer": ".st-key-chart-lesson-gain .js-plotly-plot",
}
"""What has to be on the screen at each step."""


def arrived(page: Any, place: int) -> None:
    """The step is there, whole, and no wider than the screen."""
    words = steps()[place - 1]
    page.wait_for_selector(f"h2:has-text('{place} · ')")
    page.wait_for_selector(SHOWN[words.name])
    page.wait_for_selector(f".st-key-quiz >> text={words.quiz.options[0]}")
    assert page.locator("nav [aria-current=step]").inner_text().startswith(str(place))
    assert not page.locator("[data-testid=stException]").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)]
)
def test_the_whole_lesson_by_keyboard(scheme: str, width: int, visit: Visit, screenshot: Screenshot) -> None:
    page = visit("/Learn?lecture=true", scheme=scheme, width=width)
    for place in range(1, len(steps()) + 1):
        arrived(page, place)
        assert not page.locator(".st-key-ways").is_visible()
        assert page.locator("[data-testid=stSidebar]:visible").count() == 0
        screenshot(page, f"learn-{scheme}-{width}-{place}")
        page.keyboard.press("ArrowRight" if place % 2 else "PageDown")
    page.wait_for_url("**step=7**")
    page.keyboard.press("PageUp")
    arrived(page, 6)
    page.keyboard.press("Home")
    arrived(page, 1)
    page.reload()
    arrived(page, 1)


def test_a_dial_keeps_its_arrow_keys_until_escape_leaves_it(visit: Visit) -> None:
    page = visit("/Learn?lecture=true&step=4&scaling=0.5")
    arrived(page, 4)
    sent = page.evaluate("window.sent")
    page.locator(".lab .dial.scaling input").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("text=/λ = 0.51 scores/")
    assert page.evaluate("window.sent") == sent
    page.wait_for_url("**scaling=0.51**")
    arrived(page, 4)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    arrived(page, 3)
    assert "scaling=0.51" in page.url


def test_a_step_sets_the_dials_of_the_real_page(visit: Visit) -> None:
    page = visit("/Learn?step=5")
    arrived(page, 5)
    page.get_by_text("Trim the whole model on Explore").click()
    page.wait_for_selector("text=How much of the task vector should come back?")
    page.wait_for_url("**method=TIES**")
    assert "step=" not in page.url


def test_a_student_answers_and_turns_the_page_without_a_mouse(visit: Visit) -> None:
    page = visit("/Learn")
    arrived(page, 1)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    arrived(page, 1)
    page.locator(".st-key-quiz input").first.focus()
    page.keyboard.press("Space")
    page.wait_for_selector("text=/^Right/")
    page.locator("nav button").nth(2).focus()
    page.keyboard.press("Enter")
    arrived(page, 3)
