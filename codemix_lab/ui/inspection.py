"""What two models differ in, counted: the four piles and the confusions."""

from __future__ import annotations

import streamlit as st

from codemix_lab.evaluation.compare import Comparison
from codemix_lab.experiments.comparison_files import confusion_table
from codemix_lab.ui import findings
from codemix_lab.ui.chart import chart
from codemix_lab.ui.figures import matrices
from codemix_lab.ui.rows import ICONS


def piles(found: Comparison) -> None:
    """The four piles, and in words what they mean."""
    with st.container(key="finding"):
        st.markdown(findings.piles(found))
    for cell, (name, count) in zip(st.columns(4, gap="small"), found.counts.items(), strict=True):
        cell.metric(
            f"{ICONS[name]} {name.capitalize()}",
            f"{count:,}",
            f"{count / max(1, len(found.frame)):.0%}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )


def confusions(found: Comparison) -> None:
    """A, B and what moved between them, side by side."""
    titles = ("Model A", "Model B", "B − A")
    figures = (
        matrices.confusion(found.confusion_a, found.labels, titles[0]),
        matrices.confusion(found.confusion_b, found.labels, titles[1]),
        matrices.confusion_difference(
            found.confusion_a, found.confusion_b, found.labels, "What moved: B − A"
        ),
    )
    tables = (found.confusion_a, found.confusion_b, found.confusion_b - found.confusion_a)
    for cell, figure, counts, name in zip(
        st.columns(3, gap="small"), figures, tables, ("a", "b", "moved"), strict=True
    ):
        with cell:
            chart(figure, confusion_table(counts, found.labels), f"confusion-{name}")
