"""What models differ in, counted: scores, the four piles, classes and confusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab.config import PilesSpec
from codemix_lab.evaluation.compare import PILES, Comparison
from codemix_lab.evaluation.panel import Panel
from codemix_lab.experiments.comparison_files import confusion_table
from codemix_lab.experiments.side_by_side import SideBySide
from codemix_lab.ui import findings, words
from codemix_lab.ui.chart import chart, download
from codemix_lab.ui.escape import plain
from codemix_lab.ui.figures import headlines, matrices

ICONS = {
    "fixed": ":material/build:",
    "broken": ":material/broken_image:",
    "both wrong": ":material/close:",
    "both right, unlike": ":material/swap_vert:",
    "both right, alike": ":material/check:",
}
SIDE_BY_SIDE = 3


def who(scores: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> None:
    """Every model by its letter, with macro-F1 and its interval: rows of `Panel.scores`."""
    table = pd.DataFrame([{**row, "model": names[str(row["letter"])]} for row in scores])
    number = st.column_config.NumberColumn
    st.dataframe(
        table[["letter", "model", "macro_f1", "low", "high"]],
        hide_index=True,
        key="scores",
        column_config={
            "letter": st.column_config.TextColumn("", width=40),
            "model": st.column_config.TextColumn(width="large"),
            "macro_f1": number("macro-F1", format="%.3f"),
            "low": number("from", format="%.3f", help=words.HELP["score_interval"]),
            "high": number("to", format="%.3f"),
        },
    )


def several(beside: SideBySide) -> None:
    """Which tasks the sentences are from and which labels are compared, where there are several tasks."""
    if len(beside.portions) > 1:
        counts = " · ".join(f"{portion.count:,} of {plain(portion.task)}" for portion in beside.portions)
        st.caption(f"{counts}, over the labels that all share: {', '.join(map(plain, beside.panel.labels))}")


def choose_pair(panel: Panel) -> tuple[str, str]:
    """Draw which two of more than two models the piles and slices are about: reference, against."""
    if len(panel.letters) == 2:
        return "A", "B"
    left, right = st.columns(2, gap="small")
    reference = left.segmented_control(
        "Reference", panel.letters, default="A", key="reference", bind="query-params", required=True
    )
    against = right.segmented_control(
        "Held against it", panel.letters, default="B", key="against", bind="query-params", required=True
    )
    one = reference or "A"
    other = against if against and against != one else next(x for x in panel.letters if x != one)
    return one, other


def piles(found: Comparison) -> None:
    """The piles, and in words what they mean."""
    with st.container(key="finding"):
        st.markdown(findings.piles(found))
    for cell, (name, count) in zip(st.columns(len(PILES), gap="small"), found.counts.items(), strict=True):
        cell.metric(
            f"{ICONS[name]} {name.capitalize()}",
            f"{count:,}",
            f"{count / max(1, len(found.frame)):.0%}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )


def choose_surer() -> float:
    """Draw the threshold that parts the sentences which both have right."""
    declared: Any = PilesSpec.parameters()["surer"]
    return float(
        st.number_input(
            "Unlike confidence: more than",
            declared.low,
            declared.high,
            declared.default,
            declared.step,
            format="%.2f",
            key="surer",
            bind="query-params",
            help=declared.help,
            width=260,
        )
    )


def confusions(panel: Panel, found: Comparison) -> None:
    """Every model, and what moved between the two that are held against each other."""
    drawn = []
    for letter in panel.letters:
        counts = panel.confusion(letter)
        title = headlines.confusion(counts, panel.labels, f"Model {letter}")
        figure = matrices.confusion(counts, panel.labels, title)
        drawn.append((figure, counts, letter.lower()))
    a, b = found.names
    counts = np.asarray(found.confusion_b - found.confusion_a)
    title = headlines.confusion_moved(counts, found.labels, f"{b} − {a}")
    moved = matrices.confusion_difference(found.confusion_a, found.confusion_b, found.labels, title)
    drawn.append((moved, counts, "moved"))
    for start in range(0, len(drawn), SIDE_BY_SIDE):
        row = drawn[start : start + SIDE_BY_SIDE]
        for cell, (figure, counts, name) in zip(st.columns(SIDE_BY_SIDE, gap="small"), row, strict=False):
            with cell:
                chart(figure, confusion_table(counts, panel.labels), f"confusion-{name}")


def by_class(found: Comparison) -> None:
    """F1 of each class for both, and what was fixed and broken in it."""
    a, b = found.names
    with st.expander("Class by class", icon=":material/category:"):
        st.dataframe(
            found.by_class,
            hide_index=True,
            key="by-class",
            column_config={
                **paired_columns(a, b),
                "net_gain": st.column_config.NumberColumn("net gain", format="%+d"),
                "mcnemar_p": st.column_config.NumberColumn("McNemar p", format="%.3f"),
            },
        )
        download(found.by_class, "by-class")


def paired_columns(a: str, b: str) -> dict[str, Any]:
    """How the columns of F1, difference and interval are shown."""
    number = st.column_config.NumberColumn
    return {
        "f1_a": number(f"F1 of {a}", format="%.3f"),
        "f1_b": number(f"F1 of {b}", format="%.3f"),
        "difference": number(f"{b} − {a}", format="%+.3f"),
        "low": number("from", format="%+.3f", help=words.HELP["interval"]),
        "high": number("to", format="%+.3f"),
        "p_value": number("p", format="%.3f", help=words.HELP["p_value"]),
    }


def blame(table: pd.DataFrame, name: str) -> None:
    """Rows of `switch_blame` with their shares as per cent."""
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        table.drop(columns=["kind", "words"]),
        hide_index=True,
        column_config={
            "value": "word",
            "share": percent,
            "expected": percent,
            "ratio": st.column_config.NumberColumn(format="%.2f ×"),
            "p_value": st.column_config.NumberColumn("p", format="%.3f"),
        },
        key=f"blame-{name}",
    )
    download(table, f"switch-errors-{name}")
