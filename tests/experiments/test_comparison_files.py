"""A written comparison reads back, holds no formula and no markup of the text, and is whole or not there."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from codemix_lab.errors import SpecError, StorageError
from codemix_lab.evaluation.panel import Panel
from codemix_lab.experiments.comparison_files import report, write_comparison, write_predictions
from codemix_lab.experiments.side_by_side import Portion, SideBySide
from codemix_lab.experiments.tables import as_bytes, harmless
from codemix_lab.text.traits import sentence_traits

LABELS = ("negative", "neutral", "positive")
HOSTILE = (
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "$\\frac{1}{2}$ **bold** [link](http://x)",
    "\u202eright to left",
    "=cmd()",
    "x" * 3000,
)


def beside(answers: list[pd.DataFrame], labels: tuple[str, ...] = LABELS) -> SideBySide:
    panel = Panel.of([f"m{i}" for i in range(len(answers))], answers, labels)
    traits = sentence_traits(list(panel.frame["text"]), "en-hi")
    return SideBySide("0" * 20, panel, traits, (Portion("task", "en-hi", len(traits)),), "s")


@pytest.fixture
def found() -> SideBySide:
    gold = [LABELS[i % 3] for i in range(12)]
    rows = pd.DataFrame({"text": [f"yeh film {i}" for i in range(12)], "gold": gold})
    even = {f"p_{label}": 1 / 3 for label in LABELS}
    a = rows.assign(predicted="neutral", **even)
    b = rows.assign(predicted=["negative", *gold[1:]], **{**even, "p_positive": 0.5})
    return beside([a, b, a])


def test_written_comparison_reads_back(found: SideBySide, tmp_path: Path) -> None:
    out = write_comparison(found, tmp_path / "out", saved={"short": "words < 9", "none": "nope > 1"})
    assert sorted(p.name for p in out.iterdir()) == [
        "by_class.csv",
        "comparison.json",
        "confusion_a.csv",
        "confusion_b.csv",
        "confusion_c.csv",
        "found_slices.csv",
        "piles.csv",
        "report.html",
        "rows.csv",
        "saved_slices.csv",
        "scores.csv",
        "slices.csv",
    ]
    held = found.panel.pair()
    rows = pd.read_csv(out / "rows.csv")
    assert rows["text"].tolist() == held.frame["text"].tolist()
    np.testing.assert_allclose(rows["gold_gain_ab"], held.frame["gold_gain"], atol=1e-6)
    np.testing.assert_allclose(rows["gold_gain_bc"], -held.frame["gold_gain"], atol=1e-6)
    piles = pd.read_csv(out / "piles.csv").set_index(["reference", "against"])
    assert piles.loc[("A", "B"), "fixed"] == held.counts["fixed"] == piles.loc[("B", "C"), "broken"]
    assert piles.loc[("A", "B"), "mcnemar_p"] == pytest.approx(held.p_value)
    assert pd.read_csv(out / "by_class.csv")["fixed"].tolist()[:3] == held.by_class["fixed"].tolist()
    confusion = pd.read_csv(out / "confusion_b.csv", index_col=0)
    assert confusion.to_numpy().tolist() == held.confusion_b.tolist()
    record = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert record["models"] == {"A": "m0", "B": "m1", "C": "m2"} and len(record["piles"]) == 3
    assert {"slices", "found_slices", "scores", "confusion_c", "saved_slices"} <= set(record)
    assert record["saved_slices"][0]["sentences"] == 12 and "no column" in record["saved_slices"][1]["note"]
    assert record["tasks"] == [{"task": "task", "pair": "en-hi", "count": 12}] and record["surer"] == 0.1
    assert record["labels"] == list(LABELS)
    assert "C against B" in (out / "report.html").read_text(encoding="utf-8")
    with pytest.raises(StorageError, match="exists already"):
        write_comparison(found, out)


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@A1", "\tx", "\rx", "a=1", 'यह, "ठीक"\nहै', "'quoted"]
    labels = ("=cmd", "b")
    frame = pd.DataFrame({"text": texts, "gold": "=cmd", "predicted": "b", "p_=cmd": 0.25, "p_b": 0.75})
    found = beside([frame, frame.assign(**{"p_=cmd": 0.0, "p_b": 1.0})], labels)
    out = write_comparison(found, tmp_path / "out", "=title", {"=slice": "words > 0"})
    with (out / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [f"'{t}" for t in texts[:6]] + texts[6:]
    assert {row["gold"] for row in rows} == {"'=cmd"}
    assert {row["gold_gain_ab"] for row in rows} == {"-0.25"}
    for path in out.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for cell in (cell for row in csv.reader(file) for cell in row):
                assert not cell.startswith(("=", "+", "@", "\t", "\r"))
    assert harmless(None) is None and harmless("") == ""


def test_full_disk_leaves_no_half_folder(
    found: SideBySide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_comparison(found, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))


def test_hostile_text_stays_text_in_the_report() -> None:
    frame = pd.DataFrame({"text": HOSTILE, "gold": "neutral", "predicted": "neutral"})
    frame = frame.assign(**{f"p_{label}": 1 / 3 for label in LABELS})
    found = beside([frame, frame.assign(predicted="positive")])
    page = report(found, "<b>B</b> against A", {"<script>x</script>": "words > 0"})
    assert "<script" not in page and "<img" not in page and "<b>B" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "src=" not in page.replace("src=x onerror", "") and "href" not in page


def test_predictions_are_one_new_file(tmp_path: Path, found: SideBySide) -> None:
    frame = found.panel.frame
    path = write_predictions(frame, tmp_path / "rows.csv")
    assert len(pd.read_csv(path)) == 12
    with pytest.raises(StorageError, match="exists already"):
        write_predictions(frame, path)


def test_every_format_reads_back(found: SideBySide, tmp_path: Path) -> None:
    frame = found.panel.frame
    (tmp_path / "rows.parquet").write_bytes(as_bytes(frame, "parquet"))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "rows.parquet"), frame, check_dtype=False)
    (tmp_path / "rows.jsonl").write_bytes(as_bytes(frame, "jsonl"))
    assert pd.read_json(tmp_path / "rows.jsonl", lines=True)["text"].tolist() == frame["text"].tolist()
    with pytest.raises(SpecError, match="csv, jsonl, parquet"):
        as_bytes(frame, "xlsx")


def test_the_pile_of_unlike_confidence_is_everywhere_with_its_threshold(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"text": [f"yeh film {i}" for i in range(4)], "gold": "neutral", "predicted": "neutral"}
    )
    a = rows.assign(p_negative=0.1, p_positive=0.1, p_neutral=[0.8, 0.8, 0.8, 0.8])
    found = beside([a, a.assign(p_neutral=[0.8, 0.75, 0.6, 0.99])])
    out = write_comparison(found, tmp_path / "out", surer=0.15)
    piles = pd.read_csv(out / "piles.csv").iloc[0]
    assert (piles["both right, unlike"], piles["both right, alike"], piles["surer"]) == (2, 2, 0.15)
    assert (pd.read_csv(out / "rows.csv")["pile_ab"] == "both right, unlike").tolist() == [
        False,
        False,
        True,
        True,
    ]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "more than 0.15 apart" in page and "Sentences that both have right with unlike confidence" in page
    assert "unlike confidence</h3>" not in report(found, "t", surer=0.5)
