"""The small parts of the screens: uploads, sentences, task vectors by layer, time left, losses on the way."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from codemix_lab.errors import DataError, StorageError
from codemix_lab.evaluation.compare import compare
from codemix_lab.experiments.jobs import Job, JobState
from codemix_lab.ui import findings
from codemix_lab.ui.comparison import readable, told_losses
from codemix_lab.ui.explore import export_folder
from codemix_lab.ui.jobs import time_left
from codemix_lab.ui.uploads import keep_upload, kept_uploads


def test_an_upload_is_kept_once_by_its_content(workspace: Path) -> None:
    first = keep_upload("../my file.csv", b"text,label\na,b\n")
    assert first == keep_upload("../my file.csv", b"text,label\na,b\n")
    assert first.is_relative_to(workspace / "uploads")
    assert kept_uploads() == [str(first)]


@pytest.mark.parametrize(("name", "content"), [("notes.docx", b"x"), ("empty.csv", b"")])
def test_what_is_no_table_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(DataError, match=name):
        keep_upload(name, content)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden"])
def test_an_export_stays_in_its_room(name: str) -> None:
    with pytest.raises(StorageError, match="folder name"):
        export_folder(name)


def test_piles_are_told_with_their_test() -> None:
    def frame(predicted: list[str]) -> pd.DataFrame:
        rows = {"text": list("abcd"), "gold": ["x"] * 4, "predicted": predicted, "p_x": 0.5, "p_y": 0.5}
        return pd.DataFrame(rows)

    same = compare(frame(["x"] * 4), frame(["x"] * 4), ["x", "y"])
    assert "same sentences" in findings.piles(same)
    moved = compare(frame(["y", "y", "x", "x"]), frame(["x", "x", "y", "x"]), ["x", "y"])
    assert findings.piles(moved).startswith("B fixes 2 and breaks 1 of 4 sentences: it gains 1 on balance")


def test_time_left_follows_the_pace() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    job = Job(
        "id",
        "kind",
        "label",
        {},
        JobState.RUNNING,
        (1, 4, "x"),
        now,
        now - timedelta(seconds=20),
        None,
        None,
        None,
        Path(),
    )
    assert time_left(job, now) == "about 60 s left"
    assert time_left(job, now - timedelta(seconds=19)) == ""


def test_losses_on_the_way_are_those_of_the_run_at_work() -> None:
    lines = [
        '{"done": 1, "total": 9, "what": "base, seed 0: fine-tuning, loss 0.9"}',
        "noise",
        '{"what": "CPT, seed 0: fine-tuning, loss 0.7"}',
    ]
    assert told_losses("\n".join(lines)) == {"CPT, seed 0 (now)": [{"step": 1, "loss": 0.7}]}


def test_a_summary_reads_as_means_with_intervals() -> None:
    row = {
        "start": "base",
        "n": 1,
        "mean": 0.5,
        "low": math.nan,
        "high": math.nan,
        "gain": math.nan,
        "gain_low": math.nan,
        "gain_high": math.nan,
    }
    assert readable(pd.DataFrame([row])).iloc[0].tolist() == ["base", 1, ".500", "–"]
