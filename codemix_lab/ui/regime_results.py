"""What the regimes of a sweep reached, as far as they are run: finding, curves, table, diagnosis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.jobs import JobQueue
from codemix_lab.experiments.regime_results import RegimeResults, failures, results_of
from codemix_lab.experiments.regimes_table import Comparison
from codemix_lab.experiments.regimes_told import readable_table, verdict, whole_table
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart, download
from codemix_lab.ui.escape import plain
from codemix_lab.ui.figures import bars, headlines, learning


def planned(payload: Mapping[str, Any]) -> tuple[SweepSpec, Plan]:
    """The sweep and its plan, made once for each payload. Raises `SpecError`, `DataError`, `CheckpointError`."""
    return _planned(json.dumps(payload, sort_keys=False))


def found(job_id: str) -> None:
    """Everything that a job has found so far."""
    payload = JobQueue().get(job_id).payload
    _, plan = planned(payload)
    done = tuple(plan.ids[spec] for spec in plan.specs if plan.is_done(spec))
    key = json.dumps(payload, sort_keys=False)
    results = _results(key, done)
    if results.splits:
        _show(results, key, done)
    failed = failures(plan)
    if len(failed):
        st.warning(f"{len(failed)} failed; **Run** tries again.", icon=":material/error:")
        st.dataframe(failed, hide_index=True, key="failed")


def _show(results: RegimeResults, key: str, done: tuple[str, ...]) -> None:
    splits = results.splits
    left, right = st.columns(2, gap="medium")
    with left:
        first = "test" if "test" in splits else splits[0]
        split = st.segmented_control("Scored on", splits, default=first, key="regime_split", required=True)
    split = split or first
    sizes = results.sizes(split)
    with right:
        size = st.segmented_control(
            "Train sentences", sizes, default=sizes[-1], key="regime_size", required=True
        )
    size = size if size in sizes else sizes[-1]
    table = _compared(results, key, done, size, split)
    with st.container(key="finding"):
        st.markdown(plain(verdict(table)))
    if len(sizes) > 1:
        _curves(results.learning(split), split)
    _one_size(results, table, size)
    told = results.explained(table, size)
    if told:
        st.markdown("**What explains it**")
        for one in told:
            st.markdown(f"- **{plain(one.signature)}**: {plain(one.evidence)} *Next:* {plain(one.next_step)}")


def _curves(table: pd.DataFrame, split: str) -> None:
    last = table[table["train_size"] == table["train_size"].max()].rename(columns={"name": "start"})
    title = f"{headlines.starts(last, split)} with {last['train_size'].iloc[0]:,} sentences"
    chart(learning.learning_curves(table, title), table, "learning", words.BANDS)


def _one_size(results: RegimeResults, table: Comparison, size: int) -> None:
    runs = pd.DataFrame(
        [
            {"start": name, "split": table.split, "seed": seed, "macro_f1": run.metrics[table.split].macro_f1}
            for name, seeds in results.runs[size].items()
            for seed, run in seeds.items()
            if table.split in run.metrics
        ]
    )
    means = table.scores.rename(columns={"name": "start"}).assign(split=table.split)
    chart(
        bars.starts_over_seeds(means, runs, table.split),
        runs,
        "regime-seeds",
        f"{size:,} train sentences. Diamonds are means with their 95 % interval over seeds; small points are single seeds.",
    )
    st.dataframe(readable_table(table), hide_index=True, key="regime-table")
    st.caption(words.REGIME_TABLE.format(count=_comparisons(table.corrected)))
    download(whole_table(table), "regimes", "Download CSV with all columns")


def _comparisons(count: int) -> str:
    return "one comparison" if count == 1 else f"the {count} comparisons of this table"


@st.cache_resource(max_entries=8, ttl=600, show_spinner=False)
def _planned(key: str) -> tuple[SweepSpec, Plan]:
    payload = json.loads(key)
    sweep = SweepSpec.of(payload["run"], payload["over"])
    return sweep, Plan(sweep.runs)


@st.cache_resource(max_entries=4, show_spinner=False)
def _results(key: str, done: tuple[str, ...]) -> RegimeResults:
    return results_of(*_planned(key))


@st.cache_resource(max_entries=16, show_spinner=False)
def _compared(_results: RegimeResults, key: str, done: tuple[str, ...], size: int, split: str) -> Comparison:
    return _results.compared(size, split)
