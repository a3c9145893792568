"""A researcher's way: own base and text, continued pre-training, a merge, a comparison, an export, and a link that brings it back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Visit = Callable[..., Any]


def adapt(page: Any) -> None:
    page.locator(".st-key-adapt button").click()
    page.wait_for_selector("text=/, done after/")
    page.wait_for_selector("text=/After 3 steps:/")


def to_explore(page: Any) -> str:
    """Over the link to Explore with the new checkpoint; TIES, λ by key. Returns the address."""
    page.get_by_text("Use this on Explore").click()
    page.wait_for_selector("text=/λ = 0.60 scores/")
    address = page.url + "&method=TIES&density=0.4&scaling=0.8"
    page.goto(address)
    page.wait_for_selector("text=/λ = 0.80 scores/")
    page.wait_for_selector(".lab[data-exact=true]")
    return page.url


def keep_pictures(page: Any, folder: Path) -> None:
    """The curve as it is drawn, and a chart of Plotly, as PNG and as SVG; nothing is asked of anyone."""
    places = {"f1": ".lab .card.f1 .pictures", "sentence": ".st-key-pictures-own-sentence .pictures"}
    page.locator(".st-key-sentence input").fill("yaar film mast thi")
    page.keyboard.press("Enter")
    page.wait_for_selector(places["sentence"])
    page.wait_for_selector(".st-key-chart-own-sentence .main-svg")
    for name, place in places.items():
        for kind, begins in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
            with page.expect_download() as download:
                page.locator(f"{place} button", has_text=kind).click()
            download.value.save_as(folder / f"{name}.{kind}")
            content = (folder / f"{name}.{kind}").read_bytes()
            assert content.startswith(begins) and len(content) > 2_000
    assert "macro-F1 (0–1)" in (folder / "f1.SVG").read_text(encoding="utf-8")
    assert " say" in (folder / "sentence.SVG").read_text(encoding="utf-8")


def copied(page: Any, what: str, tab: str) -> str:
    """The code of one tab, as it is on the screen."""
    fold = page.locator("[data-testid=stExpander]", has_text=f"Copy {what} as Python").last
    fold.locator("summary").click()
    fold.get_by_role("tab", name=tab).click()
    return str(fold.locator("[role=tabpanel]:visible [data-testid=stCode] code").inner_text())


def compare(page: Any) -> None:
    page.locator(".st-key-compare button").click()
    page.wait_for_selector("text=/, done after/")
    page.wait_for_selector("text=Best on test")
    page.wait_for_selector("text=/Macro-F1 on test: .*highest/")


def test_own_checkpoints_from_text_to_a_link_that_brings_it_back(
    tiny_encoder: Path,
    visit: Visit,
    exported: Callable[[Any], Path],
    screenshot: Callable[[Any, str], None],
    tmp_path: Path,
) -> None:
    text = tmp_path / "en-hi.own.txt"
    text.write_text("\n".join(f"yeh baat number {i} thi yaar" for i in range(40)), encoding="utf-8")
    asked = {"base": tiny_encoder, "task": "en-hi", "corpora": text, "steps": 3, "tokens_per_step": 64}
    page = visit(f"/Adapt?{urlencode(asked)}")
    adapt(page)
    screenshot(page, "researcher-adapt")

    address = to_explore(page)
    page.wait_for_selector(".lab .finding:has-text('base')")
    finding = page.locator(".lab .finding").inner_text()
    keep_pictures(page, tmp_path)
    folder = exported(page)
    assert (folder / "model.safetensors").is_file()
    score = copied(page, "this score", "YAML")
    screenshot(page, "researcher-explore")

    (tmp_path / "score.yaml").write_text(score, encoding="utf-8")
    command = [sys.executable, "-m", "codemix_lab", "job", str(tmp_path / "score.yaml"), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    macro_f1 = json.loads(said.splitlines()[-1])["macro_f1"]
    assert f"scores {macro_f1:.2f}".replace(" 0.", " .") in finding

    place = address.partition("?")[2]
    page = visit(f"/Fine-tune?{place}&train_size=20&epochs=1&starts=base&starts=TIES")
    compare(page)
    screenshot(page, "researcher-compare")

    page = visit(f"/?{place}")
    page.wait_for_selector("text=/λ = 0.80 scores/")
    page.wait_for_selector(".lab[data-exact=true]")
    assert page.locator(".lab .finding").inner_text() == finding
