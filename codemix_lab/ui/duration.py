"""The third dial of Explore, CPT duration, and the surface of F1 over λ and CPT steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab.config import MergeSpec, ProbeSpec
from codemix_lab.experiments.duration import checkpoints
from codemix_lab.experiments.jobs import JobQueue, JobState
from codemix_lab.ui import jobs, shell, words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.escape import short
from codemix_lab.ui.figures.matrices import duration_map
from codemix_lab.ui.picker import Bench

KIND = "duration"
SCALINGS = tuple(np.arange(0, 1.51, 0.25).round(2).tolist())
LOOK_EVERY = 2.0


def step_dial(bench: Bench) -> Bench:
    """Where the one adapted checkpoint kept its trajectory: a dial over it, and the bench it leaves."""
    kept = _kept(bench)
    if len(kept) < 2:
        return bench
    step = st.select_slider(
        "CPT steps",
        list(kept),
        value=max(kept),
        key="cpt_steps",
        bind="query-params",
        help=words.HELP["cpt_steps"],
    )
    return replace(bench, adapted=(str(kept[step]),))


def surface(bench: Bench, spec: MergeSpec) -> None:
    """F1 over λ × CPT steps, folded away; `bench` is the one with the whole run, `spec` what is dialled."""
    if len(_kept(bench)) < 2:
        return
    fold = st.expander(
        "How long should CPT be?",
        icon=":material/timeline:",
        key="duration",
        on_change="rerun",
        bind="query-params",
    )
    if not fold.open:
        return
    with fold:
        st.caption(words.DURATION)
        whole = spec.replace(adapted=bench.adapted, scaling=0.0)
        payload = {"spec": whole.to_dict(), "task": bench.task_spec.to_dict(), "scalings": list(SCALINGS)}
        payload["probe"] = ProbeSpec().to_dict()
        job = jobs.latest(KIND)
        if job is not None and job.payload != payload:
            job = None
        again = job is None or job.state in (JobState.CANCELLED, JobState.FAILED)
        if again and jobs.start_button(st, "Compute λ × steps", "duration-start"):
            jobs.submit(KIND, payload, f"λ × CPT steps of {short(bench.adapted[0])}")
            st.rerun()
        if job is not None:
            jobs.watch(job)
            shell.fragment(_found, run_every=None if job.state.is_over else LOOK_EVERY)(job.id)
        copy_this(KIND, payload, "this surface")


def finding(table: pd.DataFrame) -> str:
    """The best cell and what the longest CPT reaches at λ = 1, in one sentence.

    >>> finding(pd.DataFrame({"steps": [100, 100, 200, 200], "scaling": [0.5, 1, 0.5, 1], "macro_f1": [0.5, 0.6, 0.62, 0.58]}))
    'Best at λ = 0.5 after 200 steps: F1 .620; whole CPT (λ = 1, 200 steps): .580'
    """
    best = table.iloc[int(table["macro_f1"].argmax())]
    said = f"Best at λ = {best['scaling']:g} after {best['steps']:g} steps: F1 {_f1(best['macro_f1'])}"
    last = table[(table["steps"] == table["steps"].max()) & (table["scaling"] == 1)]
    if last.empty:
        return said
    return f"{said}; whole CPT (λ = 1, {table['steps'].max():g} steps): {_f1(last['macro_f1'].iloc[0])}"


def _found(job_id: str) -> None:
    rows = JobQueue().get(job_id).rows
    if rows:
        table = pd.DataFrame(rows)
        chart(duration_map(table, finding(table)), table, "duration", words.DURATION_READ)


def _kept(bench: Bench) -> dict[int, object]:
    return dict(checkpoints(bench.adapted[0])) if len(bench.adapted) == 1 else {}


def _f1(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
