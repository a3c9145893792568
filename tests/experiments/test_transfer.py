"""Every model on every task: labels are matched, what cannot be matched says why."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import TaskSpec
from codemix_lab.errors import Cancelled, CheckpointError, DataError
from codemix_lab.evaluation.metrics import score
from codemix_lab.experiments.transfer import COLUMNS, transfer

LABELS = ("negative", "neutral", "positive")


@pytest.fixture
def three(write_classifier: Callable[..., Path], tmp_path: Path) -> str:
    return str(write_classifier(tmp_path / "three"))


@pytest.fixture
def tasks(tmp_path: Path, write_task: Callable[..., Path]) -> dict[str, TaskSpec]:
    labels = {
        "same.en-hi": LABELS,
        "shouting.en-es": ("NEGATIVE", "Positive", "NEUTRAL"),
        "two.en-ta": ("positive", "negative"),
        "more": ("negative", "positive", "mixed"),
        "other.en": ("hate", "no hate"),
    }
    return {
        name: TaskSpec(str(write_task(tmp_path / f"{name}.tsv", names))) for name, names in labels.items()
    }


def test_matrix(three: str, tasks: dict[str, TaskSpec]) -> None:
    seen: list[dict[str, Any]] = []
    told: list[tuple[int, int, str]] = []
    frame = transfer(
        [three], list(tasks.values()), on_progress=lambda *said: told.append(said), on_row=seen.append
    )
    assert frame.columns.tolist() == COLUMNS
    assert frame["task"].tolist() == list(tasks)
    assert frame["pair"].tolist()[:3] == ["en-hi", "en-es", "en-ta"]
    assert len(seen) == len(frame)
    rows = {row["task"]: row for row in frame.to_dict("records")}
    assert rows["same.en-hi"]["note"] == "" and rows["same.en-hi"]["n"] == 12
    assert rows["shouting.en-es"]["labels"] == "NEGATIVE, NEUTRAL, Positive"
    assert rows["two.en-ta"]["labels"] == "negative, positive" and rows["two.en-ta"]["n"] == 12
    assert rows["more"]["n"] == 8 and "shared labels negative, positive" in rows["more"]["note"]
    assert math.isnan(rows["other.en"]["macro_f1"]) and rows["other.en"]["n"] == 0
    assert "hate" in rows["other.en"]["note"] and "neutral" in rows["other.en"]["note"]
    known = frame.dropna(subset="macro_f1")
    assert ((known["low"] <= known["macro_f1"]) & (known["macro_f1"] <= known["high"])).all()
    shares = [done / total for done, total, _ in told]
    assert shares == sorted(shares)


def test_labels_are_matched_by_name_not_by_place(
    write_classifier: Callable[..., Path], tmp_path: Path, tasks: dict[str, TaskSpec]
) -> None:
    """The same random weights with the names turned round are right exactly where the others meant it."""
    from codemix_lab.experiments.inspection import predictions

    straight = write_classifier(tmp_path / "straight", LABELS)
    turned = write_classifier(tmp_path / "turned", LABELS[::-1])
    one, other = (predictions(str(folder), tasks["same.en-hi"]) for folder in (straight, turned))
    flipped = one["predicted"].map(dict(zip(LABELS, LABELS[::-1], strict=True)))
    assert other["predicted"].tolist() == flipped.tolist()
    frame = transfer([str(turned)], [tasks["same.en-hi"]])
    expected = score(other["gold"].tolist(), flipped.tolist(), LABELS)
    assert frame["macro_f1"].item() == pytest.approx(expected.macro_f1)


def test_nameless_labels_are_those_of_the_task(
    write_classifier: Callable[..., Path], tmp_path: Path, tasks: dict[str, TaskSpec]
) -> None:
    nameless = str(write_classifier(tmp_path / "nameless", ("LABEL_0", "LABEL_1", "LABEL_2")))
    frame = transfer([nameless], [tasks["same.en-hi"], tasks["two.en-ta"]])
    assert frame["macro_f1"].notna().tolist() == [True, False]
    assert "does not name" in frame["note"][1]


def test_limit_and_split(three: str, tasks: dict[str, TaskSpec]) -> None:
    assert transfer([three], [tasks["same.en-hi"]], split="dev", limit=6)["n"].tolist() == [6]
    with pytest.raises(DataError, match="cannot hold 3 labels"):
        transfer([three], [tasks["same.en-hi"]], limit=2)
    with pytest.raises(DataError, match="no split"):
        transfer([three], [tasks["same.en-hi"]], split="final")


def test_what_is_no_classifier_is_refused_before_any_work(
    three: str, base: str, tasks: dict[str, TaskSpec]
) -> None:
    seen: list[dict[str, Any]] = []
    with pytest.raises(CheckpointError, match="not fine-tuned"):
        transfer([three, base], [tasks["same.en-hi"]], on_row=seen.append)
    assert seen == []


def test_cancel(three: str, tasks: dict[str, TaskSpec]) -> None:
    with pytest.raises(Cancelled):
        transfer([three], [tasks["same.en-hi"]], should_stop=lambda: True)


def test_rows_are_plain_values(three: str, tasks: dict[str, TaskSpec]) -> None:
    seen: list[dict[str, Any]] = []
    transfer([three], [tasks["same.en-hi"]], on_row=seen.append)
    assert pd.DataFrame(json.loads(json.dumps(seen))).columns.tolist() == COLUMNS
