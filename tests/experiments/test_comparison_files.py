"""A written comparison reads back, holds no formula and no markup of the text, and is whole or not there."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from codemix_lab.errors import SpecError, StorageError
from codemix_lab.evaluation.compare import Comparison, compare
from codemix_lab.experiments.comparison_files import report, slice_tables, write_comparison, write_predictions
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


def traits_of(found: Comparison) -> pd.DataFrame:
    return sentence_traits(list(found.frame["text"]), "en-hi")


@pytest.fixture
def found() -> Comparison:
    gold = [LABELS[i % 3] for i in range(12)]
    rows = pd.DataFrame({"text": [f"yeh film {i}" for i in range(12)], "gold": gold})
    even = {f"p_{label}": 1 / 3 for label in LABELS}
    a = rows.assign(predicted="neutral", **even)
    b = rows.assign(predicted=["negative", *gold[1:]], **{**even, "p_positive": 0.5})
    return compare(a, b, LABELS)


def test_written_comparison_reads_back(found: Comparison, tmp_path: Path) -> None:
    out = write_comparison(found, traits_of(found), tmp_path / "out")
    assert sorted(p.name for p in out.iterdir()) == [
        "confusion_a.csv",
        "confusion_b.csv",
        "found_slices.csv",
        "piles.csv",
        "report.html",
        "rows.csv",
        "slices.csv",
    ]
    rows = pd.read_csv(out / "rows.csv")
    assert rows["text"].tolist() == found.frame["text"].tolist()
    np.testing.assert_allclose(rows["gold_gain"], found.frame["gold_gain"], atol=1e-6)
    piles = pd.read_csv(out / "piles.csv").set_index("pile")["value"]
    assert piles["fixed"] == found.counts["fixed"] and piles["McNemar p"] == pytest.approx(found.p_value)
    confusion = pd.read_csv(out / "confusion_a.csv", index_col=0)
    assert confusion.to_numpy().tolist() == found.confusion_a.tolist()
    with pytest.raises(StorageError, match="exists already"):
        write_comparison(found, traits_of(found), out)


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@A1", "\tx", "\rx", "a=1", 'यह, "ठीक"\nहै', "'quoted"]
    labels = ("=cmd", "b")
    frame = pd.DataFrame({"text": texts, "gold": "=cmd", "predicted": "b", "p_=cmd": 0.25, "p_b": 0.75})
    found = compare(frame, frame.assign(**{"p_=cmd": 0.0, "p_b": 1.0}), labels)
    out = write_comparison(found, traits_of(found), tmp_path / "out")
    with (out / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [f"'{t}" for t in texts[:6]] + texts[6:]
    assert {row["gold"] for row in rows} == {"'=cmd"}
    assert {row["gold_gain"] for row in rows} == {"-0.25"}
    for path in out.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for cell in (cell for row in csv.reader(file) for cell in row):
                assert not cell.startswith(("=", "+", "@", "\t", "\r"))
    assert harmless(None) is None and harmless("") == ""


def test_full_disk_leaves_no_half_folder(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_comparison(found, traits_of(found), tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))


def test_hostile_text_stays_text_in_the_report() -> None:
    frame = pd.DataFrame({"text": HOSTILE, "gold": "neutral", "predicted": "neutral"})
    frame = frame.assign(**{f"p_{label}": 1 / 3 for label in LABELS})
    found = compare(frame, frame.assign(predicted="positive"), LABELS)
    page = report(found, slice_tables(found, traits_of(found)), "<b>B</b> against A")
    assert "<script" not in page and "<img" not in page and "<b>B" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "src=" not in page.replace("src=x onerror", "") and "href" not in page


def test_predictions_are_one_new_file(tmp_path: Path, found: Comparison) -> None:
    path = write_predictions(found.frame, tmp_path / "rows.csv")
    assert len(pd.read_csv(path)) == 12
    with pytest.raises(StorageError, match="exists already"):
        write_predictions(found.frame, path)


def test_every_format_reads_back(found: Comparison, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(as_bytes(found.frame, "parquet"))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "rows.parquet"), found.frame, check_dtype=False)
    (tmp_path / "rows.jsonl").write_bytes(as_bytes(found.frame, "jsonl"))
    assert pd.read_json(tmp_path / "rows.jsonl", lines=True)["text"].tolist() == found.frame["text"].tolist()
    with pytest.raises(SpecError, match="csv, jsonl, parquet"):
        as_bytes(found.frame, "xlsx")
