"""A visitor's way through the lab, in a browser, from the first look to the exported model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Visit = Callable[..., Any]
Screenshot = Callable[[Any, str], None]
QUIET = """
() => {
  if (window.last !== window.sent) { window.last = window.sent; window.since = performance.now(); }
  return performance.now() - window.since > 4000;
}
"""
"""True once nothing has been sent to the server for four seconds: all that was asked for is there."""


def value(page: Any, key: str) -> str:
    return page.locator(f".st-key-{key} input[type=range]").input_value()


def finding(page: Any) -> str:
    return page.locator(".lab .finding").inner_text()


def seen(page: Any) -> dict[str, str]:
    """What moves with the dial, as it is on the screen now."""
    return {
        name: page.locator(f".lab {place}").first.inner_text()
        for name, place in (
            ("score", ".finding"),
            ("perplexity", ".readout.mixed strong"),
            ("layer", ".layer .number"),
            ("sentence", ".sentence span"),
        )
    } | {"marker": page.locator(".lab .marker.f1").get_attribute("transform")}


def go(page: Any, way: str) -> None:
    page.locator(".st-key-ways").get_by_text(way, exact=True).click()


def turn_the_dial(page: Any) -> str:
    """By keyboard, then by mouse; the numbers follow. Returns λ."""
    page.wait_for_selector("text=/λ = 0.60 scores/")
    page.wait_for_selector(".lab .card.f1 >> text=highest")
    dial = page.locator(".lab .dial.scaling input")
    dial.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("text=/λ = 0.61 scores/")
    page.wait_for_url("**scaling=0.61**")
    page.wait_for_selector(".lab[data-exact=true]")
    page.wait_for_function(QUIET)
    drag(page, dial)
    page.wait_for_selector(".lab[data-exact=true]")
    page.wait_for_selector("text=this merge was built and scored")
    return value(page, "scaling")


def drag(page: Any, dial: Any) -> None:
    """While the button is down everything moves, nothing is asked of the server, and the error is told."""
    box = dial.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.407, middle)
    page.mouse.down()
    before, sent = seen(page), page.evaluate("window.sent")
    scalings = set()
    for step in range(12):
        page.mouse.move(box["x"] + box["width"] * (0.45 + 0.0333 * step), middle)
        page.wait_for_timeout(60)
        scalings.add(float(page.locator(".lab").get_attribute("data-scaling")))
    during = seen(page)
    assert all(during[name] != before[name] for name in before), (before, during)
    assert len(scalings) == 12
    assert any(abs(100 * scaling - round(100 * scaling)) > 0.01 for scaling in scalings)
    assert page.locator(".lab.predicted").count() == 1
    assert "was off by at most" in page.locator(".lab .trust").inner_text()
    assert page.evaluate("window.sent") == sent
    page.mouse.up()


def ask_a_sentence(page: Any) -> None:
    page.locator(".st-key-sentence input").fill("yaar film mast thi but ending bakwas")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => /CPT: (positive|negative|neutral)/.test(document.querySelector('.stMain').innerText)"
    )


def fine_tune(page: Any) -> None:
    page.locator(".st-key-compare button").click()
    page.wait_for_selector("text=/, done after/")
    page.wait_for_selector("text=Best on test")


def cancel_one(page: Any) -> None:
    epochs = page.locator(".st-key-epochs input")
    epochs.fill("90")
    epochs.press("Enter")
    page.wait_for_url("**epochs=90**")
    page.locator(".st-key-compare button").click()
    page.locator(".st-key-cancel-compare-starts button").click()
    page.wait_for_selector("text=/cancelled/")


def transfer(page: Any) -> None:
    page.locator(".st-key-test button").click()
    page.wait_for_selector("text=/, done after/")
    page.wait_for_selector("text=/The highest score is/")


def open_a_sentence(page: Any) -> None:
    page.locator(".st-key-compare-two button").click()
    page.wait_for_selector("text=/B fixes|same sentences/")
    page.wait_for_selector(
        ".js-plotly-plot"
    )  # the charts come last, and what is above them stays from then on
    table = page.locator(".st-key-rows .dvn-scroller").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    table.click(position={"x": 12, "y": 60})
    page.wait_for_selector(".st-key-card")
    assert "Gold" in page.locator(".st-key-card").inner_text()


def test_a_visitor_goes_through_the_lab_and_finds_everything_again(
    tiny_encoder: Path,
    tiny_adapted: Path,
    visit: Visit,
    exported: Callable[[Any], Path],
    screenshot: Screenshot,
) -> None:
    bench = urlencode({"base": tiny_encoder, "adapted": tiny_adapted, "task": "en-hi"})
    page = visit(f"/?{bench}")
    dialled = turn_the_dial(page)
    ask_a_sentence(page)
    screenshot(page, "explore-light")
    assert (exported(page) / "model.safetensors").is_file()

    page = visit(f"/Fine-tune?{bench}&train_size=40&epochs=1&seeds=2&scaling={dialled}")
    fine_tune(page)
    screenshot(page, "fine-tune-light")
    cancel_one(page)
    go(page, "Transfer")
    transfer(page)
    screenshot(page, "transfer-light")
    go(page, "Errors")
    open_a_sentence(page)
    screenshot(page, "errors-light")

    page.reload()
    page.wait_for_selector("text=/B fixes|same sentences/")
    for way, sign in (
        ("Transfer", "The highest score is"),
        ("Fine-tune", "Past runs"),
        ("Explore", "Written to"),
    ):
        go(page, way)
        page.wait_for_selector(f"text=/{sign}/")
    assert value(page, "scaling") == dialled
    assert f"λ = {float(dialled):.2f}" in finding(page)
    page.wait_for_selector(".lab .card.f1 >> text=highest")


@pytest.mark.parametrize("width", [1280, 400])
def test_dark_and_narrow_pages_show_everything_without_scrolling_sideways(
    width: int, tiny_encoder: Path, tiny_adapted: Path, visit: Visit, screenshot: Screenshot
) -> None:
    bench = urlencode({"base": tiny_encoder, "adapted": tiny_adapted, "task": "en-hi"})
    for name, address in (
        ("explore", "/"),
        ("fine-tune", "/Fine-tune"),
        ("transfer", "/Transfer"),
        ("errors", "/Errors"),
    ):
        page = visit(f"{address}?{bench}", scheme="dark", width=width)
        if name == "explore":
            page.wait_for_selector(".lab .card.f1 >> text=highest")
        page.wait_for_timeout(1500)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.locator("[data-testid=stException]").count()
        screenshot(page, f"{name}-dark-{width}")


def test_a_wrong_model_is_told_in_a_sentence(tmp_path: Path, visit: Visit) -> None:
    page = visit("/?" + urlencode({"base": tmp_path, "adapted": tmp_path}))
    page.wait_for_selector("text=is no model")
    assert not page.locator("[data-testid=stException]").count()


def test_the_starter_opens_by_itself(starter: tuple[str, ...], visit: Visit, screenshot: Screenshot) -> None:
    page = visit("/")
    page.wait_for_selector("text=/λ = 0.60 scores/")
    screenshot(page, "starter-light")
