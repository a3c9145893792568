"""F1 after fine-tuning over λ, folded away below the regimes: a few real fine-tunes, and what lies between them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from codemix_lab.config import Regime, RunSpec, TunedCurveSpec
from codemix_lab.config.tuned_curve import GRID
from codemix_lab.experiments.jobs import Job, JobQueue
from codemix_lab.ui import jobs, shell, words
from codemix_lab.ui.chart import chart, numbers
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.escape import brief, plain
from codemix_lab.ui.fields import number, several
from codemix_lab.ui.figures.over_lambda import tuned_curve
from codemix_lab.ui.picker import Bench, placed

KIND = "tuned-curve"
LOOK_EVERY = 2.0
_REGIMES = {regime.label: regime for regime in (Regime.TASK_ARITHMETIC, Regime.TIES)}


def curve_over_lambda(bench: Bench) -> None:
    """The fold: fields, the job, and the curve as far as it is known."""
    if not bench.adapted:
        return
    fold = st.expander(
        "Which λ is best after fine-tuning?",
        icon=":material/show_chart:",
        key="tuned",
        on_change="rerun",
        bind="query-params",
    )
    if not fold.open:
        return
    with fold:
        st.caption(words.TUNED)
        with shell.told():
            _choose(bench)
        job = jobs.latest(KIND)
        if job is not None:
            jobs.watch(job)
            shell.fragment(_found, run_every=None if job.state.is_over else LOOK_EVERY)(job.id)


def _choose(bench: Bench) -> None:
    above = st.columns(3, gap="small", vertical_alignment="bottom")
    with above[0]:
        label = st.selectbox("Regime", list(_REGIMES), key="tuned_regime", bind="query-params")
    with above[1]:
        size = number(RunSpec, "train_size", "Train sentences", key="tuned_size")
    with above[2]:
        epochs = number(RunSpec, "epochs", "Epochs", key="tuned_epochs")
    cells = st.columns(4, gap="small", vertical_alignment="bottom")
    with cells[0]:
        nodes = several(TunedCurveSpec, "nodes", "Fine-tune at λ", "0, 0.75, 1.5", "tuned_nodes")
    with cells[1]:
        checks = several(TunedCurveSpec, "checks", "Check at λ", "0.375, 1.125", "tuned_checks")
    with cells[2]:
        seeds = number(TunedCurveSpec, "seeds", "Seeds", key="tuned_seeds")
    asked = jobs.start_button(cells[3], "Fine-tune", "run-tuned")
    run = RunSpec(
        regime=_REGIMES[label],
        task=bench.task_spec,
        base=bench.base,
        adapted=bench.adapted,
        train_size=size,
        epochs=epochs,
        score_size=1000,
    )
    grid = tuple(x for x in GRID if min(nodes) <= x <= max(nodes))
    spec = TunedCurveSpec(run, nodes, checks, grid, seeds)
    payload = {"spec": spec.to_dict()}
    if asked:
        count = (len(nodes) + len(checks)) * seeds
        jobs.submit(KIND, payload, f"{count} fine-tunes over λ, {placed(bench)}")
        st.rerun()
    copy_this(KIND, payload, "this curve")


def headline(points: pd.DataFrame) -> str:
    """The λ with the highest mean, and whether it was fine-tuned there.

    >>> headline(pd.DataFrame({"scaling": [0.0, 0.5], "macro_f1": [0.5, 0.6], "fine_tuned": [True, False]}))
    'Dev macro-F1 after fine-tuning: highest at λ 0.5, .60 (predicted)'
    """
    means = points.groupby("scaling")["macro_f1"].mean()
    best = float(means.index[int(means.argmax())])
    real = bool(points.loc[points["scaling"] == best, "fine_tuned"].all())
    how = "fine-tuned there" if real else "predicted"
    return f"Dev macro-F1 after fine-tuning: highest at λ {best:g}, {brief(float(means.max()))} ({how})"


def _found(job_id: str) -> None:
    job: Job = JobQueue().get(job_id)
    result = job.result if isinstance(job.result, dict) else {}
    points = pd.DataFrame(result.get("points") or job.rows)
    if points.empty:
        return
    checks = pd.DataFrame(result.get("checks") or [])
    chart(tuned_curve(points, checks, headline(points)), points, "tuned", words.TUNED_READ)
    if result:
        st.markdown(plain(str(result["error"])))
    if len(checks):
        numbers(checks, "tuned-checks")
