"""Views of the explorer below the instrument: its numbers as tables, the own sentence, the export."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab import paths
from codemix_lab.config import MergeSpec
from codemix_lab.errors import StorageError
from codemix_lab.evaluation.score_grid import ENOUGH, GridColumn, ScoreGrid
from codemix_lab.evaluation.shapes import untrimmed
from codemix_lab.ui import jobs, words
from codemix_lab.ui.allowed import read_only
from codemix_lab.ui.chart import chart, numbers
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.desk import Desk
from codemix_lab.ui.escape import plain
from codemix_lab.ui.figures import bars
from codemix_lab.ui.payload import scores

STEP = 0.05


def tables(grid: ScoreGrid, spec: MergeSpec, taken_away: Callable[[], bytes]) -> None:
    """The numbers behind every chart of the instrument, each with its CSV, and the page to take away."""
    fold = st.expander(
        "The numbers behind these charts",
        icon=":material/table_chart:",
        key="numbers",
        on_change="rerun",
        bind="query-params",
    )
    if fold.open:
        with fold:
            _tables(grid, spec)
    st.download_button(
        "Take this picture with you (one HTML file)",
        data=taken_away,
        file_name="codemix-lab.html",
        mime="text/html",
        icon=":material/download:",
        key="take-away",
        on_click="ignore",
        help=words.HELP["take_away"],
    )


def _tables(grid: ScoreGrid, spec: MergeSpec) -> None:
    column = grid.column(spec.density)
    at = grid.exact_at(spec.scaling, spec.density)
    now = at.log_probabilities if at else _known(column, spec.scaling)
    where = f"λ = {spec.scaling:.2f}"
    names = ["Curve over λ", "Map", f"Confusion at {where}", f"Sentences at {where}", "Layers"]
    curve, plane, confusion, sentences, layers = st.tabs(names)
    with curve:
        numbers(curve_table(grid, [column] if column else []), "f1-over-lambda")
    with plane:
        numbers(curve_table(grid, grid.columns), "f1-over-lambda-and-density")
    if now is not None:
        with confusion:
            numbers(confusion_table(grid, now), "confusion")
        with sentences:
            numbers(sentence_table(grid, now), "dev-sentences")
    with layers:
        numbers(layer_table(grid, spec), "layers")


def curve_table(grid: ScoreGrid, columns: Iterable[GridColumn]) -> pd.DataFrame:
    """Macro-F1 with its 95 % interval and both perplexities at the exact λ and every .05 between them."""
    return pd.DataFrame([row for column in columns for row in _rows(column, grid.labels, grid.gold)])


@functools.lru_cache(maxsize=32)
def _rows(column: GridColumn, labels: tuple[str, ...], gold: tuple[int, ...]) -> list[dict[str, Any]]:
    nodes = column.scalings.tolist()
    between = np.arange(nodes[0], nodes[-1], STEP).round(6).tolist() if len(nodes) >= ENOUGH else []
    rows = []
    for scaling in sorted({*nodes, *between}):
        found = scores(labels, gold, column.probabilities(scaling))
        mixed, mono = column.perplexity(scaling)
        rows.append(
            {
                "density": column.density,
                "λ": scaling,
                "macro_f1": found.macro_f1,
                "low": found.interval[0],
                "high": found.interval[1],
                "code_mixed_perplexity": mixed,
                "monolingual_perplexity": mono,
                "exact": column.is_node(scaling),
            }
        )
    return rows


def confusion_table(grid: ScoreGrid, found: np.ndarray) -> pd.DataFrame:
    """Sentences by gold label (rows) and predicted label (columns)."""
    table = pd.DataFrame(np.array(scores(grid.labels, grid.gold, found).confusion), columns=list(grid.labels))
    table.insert(0, "gold ↓ predicted →", list(grid.labels), allow_duplicates=True)
    return table


def sentence_table(grid: ScoreGrid, found: np.ndarray) -> pd.DataFrame:
    """Every scored sentence with gold, prediction and the log-probability of each label."""
    frame = pd.DataFrame({"text": grid.texts, "gold": [grid.labels[place] for place in grid.gold]})
    frame["predicted"] = [grid.labels[place] for place in found.argmax(axis=1)]
    for place, label in enumerate(grid.labels):
        frame[f"log p_{label}"] = found[:, place]
    return frame


def layer_table(grid: ScoreGrid, spec: MergeSpec) -> pd.DataFrame:
    """How far each layer moves, relative to the base: by the whole task vector, and at the dials."""
    table = pd.DataFrame(grid.layers.get(spec.density, ()), columns=["layer", "whole", "kept"])
    return table.assign(kept=table["kept"] * spec.scaling)


def _known(column: GridColumn | None, scaling: float) -> np.ndarray | None:
    if column is None:
        return None
    known = len(column.scalings) >= ENOUGH or column.is_node(scaling)
    return np.log(column.probabilities(scaling)) if known else None


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
    chart(bars.probabilities(answers), table, "own-sentence")


def export(spec: MergeSpec) -> None:
    """Write the dialled model as a folder, and show the lines that make the same."""
    st.subheader("Take it with you")
    suggestion = f"{spec.method}-lambda-{spec.scaling:.2f}" + (
        f"-density-{spec.density:.2f}" if "density" in spec.method.reads else ""
    )
    if not read_only():
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
    copy_this("export", {"spec": spec.to_dict(), "out": f"exports/{suggestion}"}, "the export")


def export_folder(name: str) -> Path:
    """Where an export of this name goes. Raises `StorageError` when the name is none, or taken."""
    bare = name.strip()
    if not re.fullmatch(r"[\w][\w.\-]*", bare):
        raise StorageError(f"“{name}” is no folder name: use letters, digits, dots, dashes and underscores.")
    target = paths.workspace() / "exports" / bare
    if target.exists():
        raise StorageError(f"{target} exists already and is never overwritten. Choose another name.")
    return target
