"""Views of the explorer: the finding, the readouts, the charts, the own sentence, the export."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab import paths
from codemix_lab.config import MergeSpec
from codemix_lab.errors import StorageError
from codemix_lab.evaluation.curve_points import CurvePoint
from codemix_lab.training.export import merge_command
from codemix_lab.ui import findings, jobs, words
from codemix_lab.ui.chart import chart, numbers
from codemix_lab.ui.desk import Desk, untrimmed
from codemix_lab.ui.escape import brief, plain
from codemix_lab.ui.figures import bars, curve, matrices
from codemix_lab.ui.readings import COLUMNS, Reading, points_table


def readouts(now: CurvePoint, base: CurvePoint | None, cpt: CurvePoint | None, sentences: int) -> None:
    """The finding in words and the four numbers that matter at the dialled λ."""
    with st.container(key="finding"):
        st.markdown(findings.finding(now, sentences, _f1(base), _f1(cpt)))
        st.caption(
            " ".join(
                filter(
                    None,
                    (words.EXACT if now.exact else words.PREDICTED, findings.gained_and_forgotten(base, now)),
                )
            )
        )
    cells = st.columns(4, gap="small")
    cells[0].metric(
        f"Macro-F1 at λ = {now.scaling:.2f}",
        brief(now.macro_f1),
        _points(now, base),
        delta_color=_sure(now, base),
        border=True,
    )
    cells[1].metric(
        "Macro-F1 of CPT, λ = 1",
        brief(_f1(cpt)),
        _points(cpt, base),
        delta_color=_sure(cpt, base),
        border=True,
    )
    for cell, name, column in (
        (cells[2], "Code-mixed perplexity", "code_mixed_perplexity"),
        (cells[3], "Monolingual perplexity", "monolingual_perplexity"),
    ):
        value, before = getattr(now, column), base and getattr(base, column)
        change = f"{value / before - 1:+.0%} to base" if value and before else None
        cell.metric(name, f"{value:,.1f}" if value else "–", change, delta_color="inverse", border=True)


def curves(reading: Reading | None, now: CurvePoint) -> None:
    """F1 and pseudo-perplexity over λ, the dialled λ marked."""
    table = points_table(reading.points if reading else [])
    here = points_table([now])
    node = reading is not None and reading.exact(now.scaling) is not None
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(curve.f1_curve(table, here), table, "f1-over-lambda", _trust(reading))
    with right:
        columns = [COLUMNS[0], *COLUMNS[4:]]
        known = table[columns].dropna(how="all", subset=columns[1:3])
        chart(
            curve.perplexity_curve(table, here.assign(exact=node)),
            known,
            "perplexity-over-lambda",
            "Held-out sentences. Where a curve falls, the merge knows more of that text than the base.",
        )


def confusion_and_layers(now: CurvePoint, labels: tuple[str, ...], layers: pd.DataFrame | None) -> None:
    """Who is taken for whom at the dialled λ, and which layers the task vector moves."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        counts = np.array(now.confusion)
        table = pd.DataFrame(counts, columns=list(labels))
        table.insert(0, "gold ↓ predicted →", list(labels), allow_duplicates=True)
        caption = ", ".join(f"{plain(name)} {brief(f1)}" for name, f1 in now.per_class.items())
        chart(
            matrices.confusion(counts, labels, f"Confusion at λ = {now.scaling:.2f}"),
            table,
            "confusion",
            f"F1 by class: {caption}.",
        )
    with right:
        if layers is None:
            st.info("Measuring the task vector, layer by layer …", icon=":material/straighten:")
        else:
            chart(
                bars.layer_norms(layers),
                layers,
                "layers",
                "Length of the change in each layer, against the length of that layer's base weights.",
            )


def own_sentence(desk: Desk, spec: MergeSpec) -> None:
    """One sentence of the visitor, answered by base, merged and CPT."""
    st.subheader("Try a sentence")
    text = st.text_input(
        "Your sentence",
        key="sentence",
        bind="query-params",
        placeholder="yaar yeh film toh bahut achhi thi, but the ending …",
        help=words.HELP["own"],
        max_chars=1000,
    )
    if not text or not text.strip():
        st.caption("Type a code-mixed sentence: base, merged and CPT answer side by side.")
        return
    asked = {"base": untrimmed(spec, 0.0), "merged": spec, "CPT": untrimmed(spec, 1.0)}
    found_or_none = {name: desk.answer(one, text.strip()) for name, one in asked.items()}
    answers = {name: found for name, found in found_or_none.items() if found}
    told = [f"{name}: **{plain(max(found, key=found.__getitem__))}**" for name, found in answers.items()]
    told += [f"{name}: reading …" for name in asked if name not in answers]
    st.markdown(" · ".join(told))
    if not answers:
        return
    table = pd.DataFrame([{"model": name, **found} for name, found in answers.items()])
    chart(bars.probabilities(answers, "Probability of each label"), table, "own-sentence")


def export(spec: MergeSpec) -> None:
    """Write the dialled model as a folder, and show the lines that make the same."""
    st.subheader("Take it with you")
    suggestion = f"{spec.method}-lambda-{spec.scaling:.2f}" + (
        f"-density-{spec.density:.2f}" if spec.method == "ties" else ""
    )
    with st.form("export", border=False):
        name = st.text_input("Name of the folder", value=suggestion, max_chars=80)
        if st.form_submit_button("Export this model", icon=":material/inventory_2:"):
            out = export_folder(name or "")
            jobs.submit("export", {"spec": spec.to_dict(), "out": str(out)}, f"export {out.name}")
    job = jobs.latest("export")
    if job is not None:
        jobs.watch(job)
    if job is not None and job.state == "done":
        st.caption("Written to")
        st.code(job.result["folder"], language=None)
    with st.expander("The same from the command line or Python", icon=":material/terminal:"):
        st.code(merge_command(spec, f"exports/{suggestion}"), language="bash", wrap_lines=True)
        st.code(python_lines(spec, f"exports/{suggestion}"), language="python", wrap_lines=True)


def export_folder(name: str) -> Path:
    """Where an export of this name goes. Raises `StorageError` when the name is none, or taken."""
    bare = name.strip()
    if not re.fullmatch(r"[\w][\w.\-]*", bare):
        raise StorageError(f"“{name}” is no folder name: use letters, digits, dots, dashes and underscores.")
    target = paths.workspace() / "exports" / bare
    if target.exists():
        raise StorageError(f"{target} exists already and is never overwritten. Choose another name.")
    return target


def python_lines(spec: MergeSpec, out: str) -> str:
    """Python that makes the same folder."""
    return (
        "from pathlib import Path\n\n"
        "from codemix_lab.config import MergeSpec\n"
        "from codemix_lab.training.export import export_merge\n\n"
        f"spec = MergeSpec.from_dict({spec.to_dict()!r})\n"
        f"export_merge(spec, Path({out!r}))"
    )


def score_table(rows: pd.DataFrame, now: CurvePoint, labels: tuple[str, ...]) -> None:
    """The dev sentences that were scored, with the probabilities at the dialled λ."""
    with st.expander(f"The {len(rows)} dev sentences behind these numbers", icon=":material/description:"):
        frame = rows[["text", "label"]].reset_index(drop=True)
        frame.insert(2, "predicted", [labels[i] for i in now.probabilities.argmax(axis=1)])
        for place, label in enumerate(labels):
            frame[f"p_{label}"] = now.probabilities[:, place]
        numbers(frame, "dev-sentences")


def _trust(reading: Reading | None) -> str:
    if reading is None:
        return "The curve appears point by point."
    count = sum(p.exact for p in reading.points)
    if not reading.complete:
        return f"{count} points computed exactly so far; more are on the way."
    error = reading.curve.error
    if error is None:
        return f"{count} points computed exactly, polynomial in λ between them."
    return (
        f"{count} points computed exactly, polynomial in λ between them. Checked on a held-out point "
        f"(λ = {error.scaling:.2f}): macro-F1 off by {brief(error.f1_difference, 3)}, "
        f"{error.agreement:.1%} of predictions equal."
    )


def _points(one: CurvePoint | None, base: CurvePoint | None) -> str | None:
    return f"{100 * (one.macro_f1 - base.macro_f1):+.1f} points to base" if one and base else None


def _sure(one: CurvePoint | None, base: CurvePoint | None) -> Literal["normal", "off"]:
    """A colour only where the difference is more than noise."""
    outside = one and base and not one.interval[0] <= base.macro_f1 <= one.interval[1]
    return "normal" if outside else "off"


def _f1(point: CurvePoint | None) -> float | None:
    return None if point is None else point.macro_f1
