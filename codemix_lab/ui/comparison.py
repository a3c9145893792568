"""Views of the fine-tuning page: what to compare, the results as they come, the runs behind them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab.config import FineTuneSpec, MergeMethod, MergeSpec
from codemix_lab.errors import StorageError
from codemix_lab.experiments.finetuning import BASELINE, summary
from codemix_lab.experiments.job_record import STDOUT
from codemix_lab.experiments.jobs import Job
from codemix_lab.experiments.run import Run, read_run
from codemix_lab.experiments.store import RunStore
from codemix_lab.ui.chart import chart, download
from codemix_lab.ui.dials import Dialled, reads_density
from codemix_lab.ui.escape import brief, plain, short
from codemix_lab.ui.figures import bars, headlines, loss, matrices
from codemix_lab.ui.merge_widgets import fitting
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.said import said

_LOSS = re.compile(r"^(.*?):?\s*(?:fine-tuning, )?loss ([0-9.]+)")


def kinds_of(bench: Bench) -> list[str]:
    """What a comparison can start from: the checkpoints, and a merge by every method that fits them."""
    return ["base", *(("CPT", *(m.label for m in fitting(len(bench.adapted)))) if bench.adapted else ())]


def methods_of(kinds: Iterable[str]) -> list[MergeMethod]:
    """The methods among the kinds that were chosen."""
    return [method for method in MergeMethod if method.label in kinds]


def starts(bench: Bench, kinds: Iterable[str], dialled: Dialled) -> dict[str, str | MergeSpec]:
    """Name → start, for the kinds that were chosen. Raises `SpecError` where a merge cannot be meant."""
    found: dict[str, str | MergeSpec] = {}
    if "base" in kinds:
        found["base"] = bench.base
    if "CPT" in kinds:
        one = len(bench.adapted) == 1
        found.update({"CPT" if one else f"CPT {short(ref)}": ref for ref in bench.adapted})
    for method in methods_of(kinds):
        merge = dialled.merge(bench, method)
        density = [f"density {merge.density:.2f}"] if reads_density(method) else []
        found[", ".join([f"{method.label} λ {merge.scaling:.2f}", *density, *said(merge)])] = merge
    return found


def payload(chosen: dict[str, str | MergeSpec], template: FineTuneSpec, seeds: int) -> dict[str, Any]:
    """What the job "compare-starts" reads."""
    plain_starts = {
        name: start if isinstance(start, str) else start.to_dict() for name, start in chosen.items()
    }
    return {"starts": plain_starts, "template": template.to_dict(), "seeds": list(range(seeds))}


def results(job: Job) -> None:
    """Everything that is known of a comparison, also while it runs."""
    if not job.state.is_over:
        losses(job)
    rows = pd.DataFrame(job.rows)
    if rows.empty:
        return
    splits = list(dict.fromkeys(rows["split"]))
    split = (
        st.segmented_control("Scored on", splits, default=splits[-1], key="scored", required=True)
        or splits[-1]
    )
    table = summary(rows)
    with st.container(key="finding"):
        st.markdown(verdict(table, split))
    left, right = st.columns([1, 1], gap="medium")
    with left:
        chart(
            bars.starts_over_seeds(table, rows, split),
            rows,
            "starts",
            "Diamonds are means with their 95 % interval over seeds; small points are single seeds.",
        )
    with right:
        st.markdown("**Means over seeds, and paired gain over the first start**")
        st.dataframe(readable(table[table["split"] == split]), hide_index=True, key="summary")
        download(table, "summary")
    by_class(rows[rows["split"] == split], split)
    if job.state.is_over:
        losses(job)


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a summary with each mean and its interval in one cell."""

    def cell(row: dict[Hashable, Any], names: tuple[str, str, str]) -> str:
        mean, low, high = (brief(row[name], 3) for name in names)
        return mean if low == brief(None) else f"{mean} ({low} to {high})"

    return pd.DataFrame(
        {
            "start": row["start"],
            "seeds": row["n"],
            "macro-F1 (95 %)": cell(row, ("mean", "low", "high")),
            "gain (95 %)": cell(row, ("gain", "gain_low", "gain_high")),
        }
        for row in table.to_dict("records")
    )


def losses(job: Job) -> None:
    """Training loss of the finished runs, and of the one at work as far as its process told."""
    curves = {
        f"{name}, seed {run.spec['seed']}": run.curve
        for name, run in _runs(pd.DataFrame(job.rows))
        if run.curve
    }
    said = job.folder / STDOUT
    if not job.state.is_over and said.is_file():
        curves.update(told_losses(said.read_text(encoding="utf-8", errors="replace")))
    if curves:
        table = pd.DataFrame([{"run": name, **point} for name, curve in curves.items() for point in curve])
        chart(loss.loss_curves(curves), table, "loss")


def told_losses(stdout: str) -> dict[str, list[dict[str, float]]]:
    """Losses that a job reported on its way: "run: …, loss 0.52" lines by run, counted as steps.

    >>> told_losses('{"done": 1, "total": 9, "what": "base, seed 0: fine-tuning, loss 0.71"}')
    {'base, seed 0 (now)': [{'step': 1, 'loss': 0.71}]}
    """
    found: dict[str, list[dict[str, float]]] = {}
    for line in stdout.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        match = _LOSS.match(str(said.get("what", ""))) if isinstance(said, dict) else None
        if match:
            curve = found.setdefault(f"{match[1]} (now)", [])
            curve.append({"step": len(curve) + 1, "loss": float(match[2])})
    return dict(list(found.items())[-1:])


def by_class(rows: pd.DataFrame, split: str) -> None:
    """F1 by class for every start, and the confusion of one, summed over seeds."""
    runs = [(name, run) for name, run in _runs(rows) if split in run.metrics]
    if not runs:
        return
    per_class = pd.DataFrame([{"start": name, **run.metrics[split].per_class} for name, run in runs])
    means = per_class.groupby("start", sort=False).mean()
    left, right = st.columns(2, gap="medium")
    with left:
        shown = {str(name): {str(k): float(v) for k, v in row.items()} for name, row in means.iterrows()}
        chart(bars.class_f1(shown), means.reset_index(), "class-f1", "Means over the seeds.")
    with right:
        names = list(shown)
        start = st.selectbox("Confusion of", names, key="confusion_of")
        labels = runs[0][1].metrics[split].labels
        counts = np.sum([run.metrics[split].confusion for name, run in runs if name == start], axis=0)
        table = pd.DataFrame(counts, columns=list(labels))
        table.insert(0, "gold ↓ predicted →", list(labels), allow_duplicates=True)
        chart(
            matrices.confusion(counts, labels, headlines.confusion(counts, labels, f"On {split}, all seeds")),
            table,
            "confusion",
        )


def verdict(table: pd.DataFrame, split: str) -> str:
    """The best start against the first one and the baseline, with what the seeds allow to say."""
    own = table[(table["split"] == split) & (table["start"] != BASELINE)]
    best = own.sort_values("mean", ascending=False).iloc[0]
    said = f"Best on {split} so far: **{plain(str(best['start']))}** with {brief(best['mean'])} over {_seeds(int(best['n']))}"
    baseline = table[(table["split"] == split) & (table["start"] == BASELINE)]["mean"]
    beside = f"; the character n-gram baseline has {brief(float(baseline.iloc[0]))}" if len(baseline) else ""
    gain = best["gain"]
    if math.isnan(gain):
        return f"{said}{beside}."
    first = plain(str(own["start"].iloc[0]))
    if math.isnan(best["gain_low"]):
        sure = "one seed says nothing sure"
    elif best["gain_low"] > 0:
        sure = "beyond what the seeds vary by"
    else:
        sure = "within what the seeds vary by"
    return f"{said}, {100 * gain:+.1f} points to {first} (paired), {sure}{beside}."


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds"


def _runs(rows: pd.DataFrame) -> list[tuple[str, Run]]:
    found = []
    for row in rows.drop_duplicates("run").to_dict("records") if len(rows) else []:
        try:
            found.append((str(row["start"]), read_run(RunStore().root / str(row["run"]))))
        except StorageError:
            continue
    return found
