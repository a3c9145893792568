"""What came out of a transfer experiment, as far as its runs are finished: both maps, a sentence and a table."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.experiments.reproduction import carried
from codemix_lab.experiments.reproduction.rows import FULL
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart, download
from codemix_lab.ui.escape import brief, plain, short
from codemix_lab.ui.figures import headlines, matrices


def found(job_id: str) -> None:
    """Both maps and the table, as far as runs are finished."""
    job = JobQueue().get(job_id)
    for message in job.result["failed"] if job.state is JobState.DONE else []:
        st.error(plain(message), icon=":material/error:")
    cells = cells_of(job)
    if cells.empty:
        return
    held = cells[cells["regime"] != FULL]
    with st.container(key="finding"):
        st.markdown(finding(cells))
    left, right = st.columns(2, gap="medium")
    with left:
        scores = carried.wide(cells, "macro_f1")
        title = headlines.transfer(cells.rename(columns={"target": "task"}), "test")
        figure = matrices.transfer_map(
            scores.to_numpy(dtype=float), list(scores.index), list(scores.columns), title, "regime"
        )
        chart(figure, cells, "carried", words.CARRIED_MAP)
    with right:
        if not held["difference"].notna().any():
            st.caption(words.CARRIED_ALONE if job.state is JobState.DONE else words.CARRIED_WAITS)
        else:
            differences = carried.wide(held, "difference")
            figure = matrices.difference_map(
                differences, carried.difference_texts(held), headlines.carried(held)
            )
            chart(figure, held, "carried-differences", carried.MAP)
    st.markdown("**The same with 95 % intervals over seeds**")
    st.dataframe(readable(cells), hide_index=True, key="carried-table")
    download(cells, "transfer")


def cells_of(job: Job) -> pd.DataFrame:
    """The rows of `carried.tidy` of a job that is done; while it runs, means of what is finished."""
    if job.state is JobState.DONE and job.result["table"]:
        table = pd.DataFrame(job.result["table"])
        numbers = [name for name in carried.COLUMNS if name not in ("source", "target", "regime")]
        return table.astype(dict.fromkeys(numbers, float)).astype({"target_size": int, "seeds": int})
    rows = pd.DataFrame(job.rows)
    if rows.empty:
        return pd.DataFrame(columns=carried.COLUMNS)
    groups = rows.groupby(["source", "target", "target_size", "regime"], sort=False)["macro_f1"]
    means = groups.agg(seeds="size", macro_f1="mean").reset_index()
    return means.reindex(columns=carried.COLUMNS)


def finding(cells: pd.DataFrame) -> str:
    """The largest gain over full fine-tuning on another task, and whether it is more than chance."""
    away = cells[(cells["source"] != cells["target"]) & cells["difference"].notna()]
    if away.empty:
        best = cells.sort_values("macro_f1", ascending=False).to_dict("records")[0]
        return f"So far the highest score is **{brief(best['macro_f1'])}**, {_where(best)}."
    best = away.sort_values("difference", ascending=False).to_dict("records")[0]
    counted = int(cells["p_t"].notna().sum())
    gain = f"{100 * best['difference']:+.1f}".replace("-", "−")
    if math.isnan(best["p_holm"]):
        sure = "one seed says nothing sure"
    elif best["p_holm"] < carried.SURE:
        sure = f"beyond chance after correction for {counted} comparisons"
    else:
        sure = f"which {counted} comparisons over {best['seeds']} seeds would bring by chance too"
    begins = (
        "Most over full fine-tuning"
        if best["difference"] > 0
        else "Nothing is above full fine-tuning; nearest"
    )
    return f"{begins}: **{gain} points**, {_where(best)}; {sure}."


def readable(cells: pd.DataFrame) -> pd.DataFrame:
    """The rows of `tidy` with each number and its interval in one cell."""

    def points(value: float) -> str:
        return "–" if math.isnan(value) else f"{100 * value:+.1f}".replace("-", "−")

    def with_interval(row: dict[Hashable, Any], names: tuple[str, str, str], write: Any) -> str:
        value, low, high = (write(row[name]) for name in names)
        return str(value) if low == "–" else f"{value} ({low} to {high})"

    return pd.DataFrame(
        {
            "regime": row["regime"],
            "trained on": row["source"],
            "tested on": row["target"],
            "target sentences": row["target_size"],
            "seeds": row["seeds"],
            "macro-F1 (95 %)": with_interval(row, ("macro_f1", "low", "high"), lambda value: brief(value, 3)),
            "points to full (95 %)": with_interval(
                row, ("difference", "difference_low", "difference_high"), points
            ),
            "p Holm": brief(row["p_holm"], 3),
        }
        for row in cells.to_dict("records")
    )


def _where(cell: dict[Hashable, Any]) -> str:
    after = f" after {cell['target_size']} of its sentences" if cell["target_size"] else ", zero-shot"
    return f"{plain(str(cell['regime']))} from {plain(short(str(cell['source'])))} on {plain(str(cell['target']))}{after}"
