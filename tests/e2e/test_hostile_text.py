"""Text that tries to be a script, markup, a formula or a direction stays text on every page that shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pytest

from codemix_lab.config import FineTuneSpec, TaskSpec
from codemix_lab.training.finetune import fine_tune

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

HOSTILE = (
    "<script>window.hacked = 1</script> yeh film",
    "<img src=x onerror='window.hacked = 1'> but boring",
    '"><svg onload="window.hacked=1"> mast',
    "$\\frac{1}{0}$ :red[**bold**] [link](https://example.org)",
    "\u202eyeh ulta hai \u202c ok",
    "=cmd|' /C calc'!A0 film",
    "x" * 3000,
    "\u2066isolated \u202dforced\u202c और \u200fयह",
)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    rows = [
        {"split": split, "text": f"{text} {i}", "label": ("bad", "good")[i % 2]}
        for split, count in (("train", 2), ("dev", 1), ("test", 1))
        for i, text in enumerate(HOSTILE * count)
    ]
    path = tmp_path / "hostile.en-hi.tsv"
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
    return path


def calm(page: Any) -> None:
    assert page.evaluate("window.hacked === undefined")
    assert not page.locator("[data-testid=stException]").count()
    assert not page.locator(".stMain img[src=x]").count()


def test_hostile_text_stays_text(
    hostile: Path, tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path, visit: Callable[..., Any]
) -> None:
    models = {}
    for name, start in (("a", tiny_encoder), ("b", tiny_adapted), ("c", tiny_encoder)):
        spec = FineTuneSpec(str(start), TaskSpec(str(hostile)), train_size=8, epochs=1)
        models[name] = str(fine_tune(spec, tmp_path / name).model)

    page = visit("/Data?" + urlencode({"data": hostile, "task": hostile}))
    page.wait_for_selector(".tagged >> text=boring")
    calm(page)

    page = visit("/Errors?" + urlencode({**models, "task": hostile}))
    page.locator(".st-key-compare-two button").click()
    page.wait_for_selector("text=/B fixes|same sentences/")
    for pile in ("both wrong", "both right, unlike", "both right, alike"):
        page.locator(".st-key-piles").get_by_text(pile).click()
    page.wait_for_selector(f"text=/of {len(HOSTILE)}, largest change first/")
    table = page.locator(".st-key-rows .dvn-scroller").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    table.click(position={"x": 12, "y": 55})
    page.wait_for_selector(".st-key-card >> text=Gold")
    page.locator(".st-key-close-card button").click()
    page.wait_for_selector(".st-key-card", state="detached")
    address = page.url
    for row in range(len(HOSTILE)):
        page.goto(f"{address}&row={row}")
        page.wait_for_selector(".st-key-card >> text=Gold")
        calm(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    box = page.locator(".st-key-question input")
    box.fill("words >= 0")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save as slice").click()
    page.locator(".st-key-slice-name input").fill("<img src=x onerror='window.hacked=1'> $x$ \u202eulta")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector(".st-key-table-saved-slices canvas")
    calm(page)
    box.fill("__import__('os').system('true')")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=/is not understood at character 1/")
    calm(page)
