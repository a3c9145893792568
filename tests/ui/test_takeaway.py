"""The page to take away: whole, bounded, and text of users never markup; what the instrument is given."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import DataError, StorageError
from codemix_lab.evaluation.chebyshev import nodes
from codemix_lab.evaluation.score_grid import ExactScore, GridColumn, ScoreGrid, log_probabilities
from codemix_lab.ui import takeaway
from codemix_lab.ui.payload import checked, payload

SPEC = MergeSpec("starter", ("starter:en-hi",), "ties", 0.6, 0.4)
EVIL = "</script><img src=x onerror=alert(1)> & “yaar”"


@pytest.fixture
def grid() -> ScoreGrid:
    """Four sentences, two labels, two densities: the first label's probability rises with λ."""
    scalings = nodes(9)
    first = 1 / (1 + np.exp(-np.stack([scalings, -scalings, scalings - 1, 1 - scalings], axis=1)))
    logs = log_probabilities(np.stack([first, 1 - first], axis=2))
    column = GridColumn(0.4, scalings, logs, np.full((9, 2), np.nan))
    whole = ScoreGrid("print", ("neg", "pos"), (EVIL, "b", "c", "d"), (0, 1, 0, 1), (column,))
    return whole.with_column(replace(column, density=1.0)).with_layers(1.0, [("layer 1", 0.2, 0.1)])


def test_text_never_ends_the_script_and_comes_back_as_it_was(grid: ScoreGrid) -> None:
    text = takeaway.grid_page(grid, SPEC).text
    assert "<img" not in text
    inside = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert inside is not None
    assert json.loads(inside[1])["texts"][0] == EVIL
    assert text.count("</script>") == 2


def test_a_page_needs_nothing_from_outside(grid: ScoreGrid) -> None:
    text = takeaway.grid_page(replace(grid, texts=tuple("abcd")), SPEC).text
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=|@import|url\(|fetch\(", text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(grid: ScoreGrid) -> None:
    page = takeaway.grid_page(grid, SPEC)
    shown = page._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and 'sandbox="allow-scripts allow-downloads"' in shown
    assert re.findall(r"</?\w+", shown) == ["<iframe", "</iframe", "<p", "<small", "</small", "</p"]
    assert page.size == len(page.text.encode()) and f"{page.size / 2**20:.2f} MiB" in shown
    assert len(shown) < 1.6 * page.size


def test_a_page_that_is_too_large_is_refused(grid: ScoreGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeaway, "LARGEST", 1000)
    with pytest.raises(DataError, match="fewer sentences"):
        takeaway.grid_page(grid, SPEC)


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(StorageError, match="exists already"):
        takeaway.write_page(SPEC, TaskSpec("en-hi"), ProbeSpec(), (1.0,), tmp_path / "page.html")


def test_a_page_is_written_from_checkpoints(
    tiny_encoder: Path, tiny_adapted: Path, small_task: Path, tmp_path: Path
) -> None:
    spec = MergeSpec(str(tiny_encoder), (str(tiny_adapted),))
    out = tmp_path / "page.html"
    size = takeaway.write_page(spec, TaskSpec(str(small_task)), ProbeSpec(), (1.0,), out)
    assert out.stat().st_size == size
    assert '"cpt":null' not in out.read_text(encoding="utf-8")


def test_the_instrument_gets_log_probabilities_in_thousandths(grid: ScoreGrid) -> None:
    column = payload(grid, SPEC, dials_density=True)["columns"][0]
    values = np.frombuffer(base64.b64decode(column["text"]), dtype="<i2").reshape(9, 4, 2) / 1000
    assert np.abs(values - grid.columns[0].log_probabilities).max() <= 0.0005 + 1e-6
    assert column["perplexities"][0] == [None, None]


def test_layers_of_the_nearest_density_stand_in(grid: ScoreGrid) -> None:
    assert payload(grid, SPEC, dials_density=True)["layers"] == [["layer 1", 0.2, 0.1]]


def test_an_exact_score_comes_with_its_interval(grid: ScoreGrid) -> None:
    scored = grid.with_exact(ExactScore(0.6, 0.4, np.log(np.array([[0.9, 0.1], [0.2, 0.8]] * 2))))
    exact = payload(scored, SPEC, dials_density=True)["exact"]
    assert 0 <= exact["low"] <= exact["high"] == 1.0
    assert payload(scored, SPEC.replace(scaling=0.7), dials_density=True)["exact"] is None


def test_the_error_is_what_a_coarser_column_missed(grid: ScoreGrid) -> None:
    gold = np.array(grid.gold)
    assert checked(grid.columns[0], gold) == {"nodes": 5, "count": 4, "f1": 0.0, "agreement": 1.0}
    broken = grid.columns[0].log_probabilities.copy()
    broken[3, 0] = broken[3, 0, ::-1]
    found = checked(replace(grid.columns[0], log_probabilities=broken), gold)
    assert found is not None and found["f1"] > 0.1 and found["agreement"] == 0.75
