"""The instrument by itself, in the page to take away: no server, so that only the browser can move it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from codemix_lab.config import MergeSpec
from codemix_lab.evaluation.chebyshev import nodes
from codemix_lab.evaluation.metrics import score
from codemix_lab.evaluation.score_grid import GridColumn, ScoreGrid, log_probabilities
from codemix_lab.ui.takeaway import grid_page

pytestmark = pytest.mark.e2e

EVIL = "<img src=x onerror=document.title='hacked'> **bold** $x$"
SPEC = MergeSpec("base", ("cpt",), "ties", 0.6, 0.4)
COUNT, LABELS = 120, ("negative", "neutral", "positive")
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def grid() -> ScoreGrid:
    """A hundred and twenty sentences whose log-odds are smooth in λ, at three densities."""
    rng = np.random.default_rng(0)
    level, slope, bend = rng.normal(size=(3, COUNT, 3))
    gold = (level + 0.5 * slope + rng.normal(size=(COUNT, 3))).argmax(axis=1)
    texts = (EVIL, *(f"sentence {i}" for i in range(1, COUNT)))
    whole = ScoreGrid("print", LABELS, texts, tuple(gold.tolist()))
    scalings = nodes(9)
    for density in (0.1, 0.4, 1.0):
        x = scalings[:, None, None]
        odds = np.exp(2 * level + density * slope * x + 0.3 * bend * np.sin(2 * x))
        logs = log_probabilities(odds / odds.sum(axis=2, keepdims=True))
        perplexities = np.stack([90 - 20 * scalings, 30 + 9 * scalings**2], axis=1)
        whole = whole.with_column(GridColumn(density, scalings, logs, perplexities))
    return whole.with_layers(0.4, [("embeddings", 0.02, 0.01), ("layer 1", 0.1, 0.06)])


@pytest.fixture
def opened(browser: Any, grid: ScoreGrid, tmp_path: Path) -> Iterator[Open]:
    """The page in a window of a width; at the end nothing may have been asked of anyone."""
    (tmp_path / "page.html").write_text(grid_page(grid, SPEC).text, encoding="utf-8")
    asked, windows = [], []

    def go(width: int = 1280, scheme: str = "light") -> Any:
        window = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        windows.append(window)
        page = window.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: asked.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_selector(".lab .finding")
        return page

    yield go
    for window in windows:
        window.close()
    assert [url for url in asked if not url.startswith("file:")] == []


def lab(page: Any, name: str) -> float:
    return float(page.locator(".lab").get_attribute(f"data-{name}"))


def hold(page: Any, dial: str, part: float) -> None:
    """Press the dial at a share of its length, and do not let go."""
    box = page.locator(f".dial.{dial} input").bounding_box()
    page.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(80)


def pull(page: Any, dial: str, part: float) -> None:
    box = page.locator(f".dial.{dial} input").bounding_box()
    page.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_timeout(80)


def test_everything_moves_while_lambda_is_dragged(opened: Open) -> None:
    page = opened()
    places = (
        ".finding",
        ".readout.mixed strong",
        ".card.confusion table",
        ".layer .number",
        ".sentence span",
    )
    hold(page, "scaling", 0.1)
    before = [page.locator(place).first.inner_text() for place in places]
    marker = page.locator(".marker.f1").get_attribute("transform")
    for step in range(1, 11):
        pull(page, "scaling", 0.1 + 0.0733 * step)
    assert all(
        page.locator(place).first.inner_text() != told for place, told in zip(places, before, strict=True)
    )
    assert page.locator(".marker.f1").get_attribute("transform") != marker
    assert page.locator(".lab.predicted").count() == 1
    assert "≈" in page.locator(".finding").inner_text()
    assert "was off by at most" in page.locator(".trust").inner_text()
    page.mouse.up()


def test_the_browser_scores_as_python_does(opened: Open, grid: ScoreGrid) -> None:
    page = opened()
    gold = [LABELS[place] for place in grid.gold]
    column = grid.column(0.4)
    assert column is not None
    for part in (0.13, 0.37, 0.61, 0.88):
        hold(page, "scaling", part)
        page.mouse.up()
        page.wait_for_timeout(60)
        found = column.probabilities(lab(page, "scaling")).argmax(axis=1)
        expected = score(gold, [LABELS[place] for place in found], LABELS)
        assert lab(page, "f1") == pytest.approx(expected.macro_f1, abs=0.01)
        cells = page.locator(".card.confusion td b").all_inner_texts()
        difference = np.abs(np.array(cells, dtype=int).reshape(3, 3) - np.array(expected.confusion)).sum()
        assert difference <= 2
        shown = page.locator(".finding").inner_text().split("(")[1].split(")")[0].split("–")
        assert [float(x) for x in shown] == pytest.approx(expected.interval, abs=0.03)


def test_the_keyboard_moves_by_hundredths(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "λ, how much comes back"
    for key, expected in (
        ("ArrowRight", 0.61),
        ("ArrowLeft", 0.6),
        ("PageUp", 0.7),
        ("End", 1.5),
        ("Home", 0.0),
    ):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
        assert lab(page, "scaling") == pytest.approx(expected)
    assert page.locator(".lab").get_attribute("data-exact") == "true"


def test_density_goes_over_the_computed_rows(opened: Open) -> None:
    page = opened()
    first = page.locator(".card.f1 .line").get_attribute("d")
    hold(page, "density", 0.09)
    assert page.locator(".card.f1 .line").get_attribute("d") != first
    pull(page, "density", 0.2)
    assert "nearest computed density, .10" in page.locator(".trust").inner_text()
    page.mouse.up()
    assert page.locator(".card.map rect[fill]").count() == 3 * 31


def test_text_is_never_markup_and_other_sentences_come(opened: Open) -> None:
    page = opened()
    seen: list[str] = []
    for _ in range(COUNT // 4):
        seen += page.locator(".sentence p").all_inner_texts()
        page.get_by_role("button", name="Other sentences").click()
    assert sorted(seen) == sorted([EVIL, *(f"sentence {i}" for i in range(1, COUNT))])
    assert page.title() != "hacked"
    assert page.locator(".sentence img").count() == 0


def test_every_card_can_be_kept_as_a_picture(opened: Open, tmp_path: Path) -> None:
    page = opened()
    said = {
        "f1": "λ, share of the task vector added back",
        "perplexity": "pseudo-perplexity",
        "confusion": "neutral",
        "sentences": "says",
        "map": "density",
        "layers": "embeddings",
    }
    for name, words in said.items():
        for kind in ("PNG", "SVG"):
            with page.expect_download() as download:
                page.locator(f".card.{name} .pictures button", has_text=kind).click()
            download.value.save_as(tmp_path / f"{name}.{kind.lower()}")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        drawn = ElementTree.parse(tmp_path / f"{name}.svg").getroot()
        title = page.locator(f".card.{name} h3").inner_text()
        assert words in " ".join(drawn.itertext()) and title in drawn.itertext()
        assert len(list(drawn.iter())) > 10
    assert page.locator(".card .body > svg").count() == 3, "what was drawn for a picture stays on the page"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_window_scrolls_down_only(scheme: str, opened: Open) -> None:
    page = opened(400, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_dial_that_did_not_arrive_is_said_again_until_it_has(opened: Open) -> None:
    page = opened()
    page.locator(".lab").evaluate(
        """({ board }) => {
          window.heard = [];
          board.release = (dial) => {
            window.heard.push(dial.scaling);
            if (window.heard.length === 2) board.data.dials.scaling.value = dial.scaling;
          };
          board.scaling.input.value = 1.1;
          board.scaling.input.dispatchEvent(new Event("input", { bubbles: true }));
          board.scaling.input.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    page.wait_for_function("() => window.heard.length === 2")
    page.wait_for_timeout(5000)
    assert page.evaluate("window.heard") == [1.1, 1.1]
    assert lab(page, "scaling") == 1.1
