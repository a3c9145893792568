"""Past runs: all of the store as a table, and those of regimes as lines through their fields to their score."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from codemix_lab.experiments.run_history import FIELDS, MOST, run_history
from codemix_lab.experiments.store import RunStore
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart, numbers
from codemix_lab.ui.escape import brief
from codemix_lab.ui.figures.parallel import parallel_runs, varying


def history() -> None:
    """All runs of the store, newest first, folded away; lines are drawn only while it is open."""
    runs = RunStore().list()
    fold = st.expander(
        f"Past runs ({len(runs):,})",
        icon=":material/history:",
        key="history",
        on_change="rerun",
        bind="query-params",
    )
    if not fold.open:
        return
    with fold:
        if runs.empty:
            st.caption("Nothing yet. Every finished run is kept here, with its predictions.")
            return
        newest = tuple(runs.loc[runs["kind"] == "regime", "id"].head(MOST))
        if newest:
            _lines(_history(str(RunStore().root), newest))
        numbers(runs.drop(columns=["bytes"]), "runs")


def _lines(table: pd.DataFrame) -> None:
    split = "test" if table["test"].notna().any() else "dev"
    scored = table.dropna(subset=[split])
    fields = varying(scored, FIELDS)
    if len(scored) < 2 or not fields:
        return
    best = scored.sort_values(split, ascending=False).iloc[0]
    title = f"{len(scored):,} runs of regimes: {best['regime']} is highest on {split}, {brief(best[split])}"
    chart(parallel_runs(scored, fields, split, title), scored, "history", words.HISTORY)


@st.cache_data(max_entries=4, show_spinner=False)
def _history(root: str, newest: tuple[str, ...]) -> pd.DataFrame:
    return run_history(RunStore())
