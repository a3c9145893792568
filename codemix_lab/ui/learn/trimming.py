"""Step 5: trim, on a real weight matrix of the task vector."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab.evaluation.matrix_view import MatrixView
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.escape import plain
from codemix_lab.ui.learn import figures
from codemix_lab.ui.learn.look import readable
from codemix_lab.ui.learn.seat import Seat

KEY = "keep"
AT_FIRST = 0.2
"""Where the dial begins while the lab's own keeps everything, which would show nothing."""


def draw(seat: Seat) -> None:
    """The density, the block before and after, and the energy that each density keeps."""
    view = seat.lesson.matrix
    density = (
        st.slider(
            "Density: keep the largest …",
            1,
            100,
            round(100 * (seat.density if seat.density < 1 else AT_FIRST)),
            1,
            format="%d %%",
            key=KEY,
            on_change=_take_over,
        )
        / 100
    )
    with st.container(key="finding"):
        st.markdown(finding(view, density))
    table = block_table(view, density)
    left, right = st.columns(2, gap="medium")
    with left:
        chart(readable(figures.block(view, density, trimmed=False), seat.lecture), table, "block")
    with right:
        chart(readable(figures.block(view, density, trimmed=True), seat.lecture), table, "block-trimmed")
    kept = pd.DataFrame([asdict(k) for k in view.kept])
    chart(readable(figures.energy(view, density), seat.lecture), kept, "energy", words.LEARN["energy"])


def finding(view: MatrixView, density: float) -> str:
    """What this density keeps of the whole matrix, in a sentence."""
    kept, (rows, columns) = view.at(density), view.shape
    return (
        f"Of the {rows} × {columns} changes in `{view.name}`, the largest **{kept.share:.0%}** stay "
        f"(|δ| ≥ {kept.threshold:.2g}) and keep **{kept.energy:.0%}** of the energy. "
        f"Shown is the upper left corner, {plain(f'{len(view.block)} × {len(view.block[0])}')}."
    )


def block_table(view: MatrixView, density: float) -> pd.DataFrame:
    """One row a cell of the block: row, column, its change, and whether it is kept."""
    values = np.array(view.block)
    rows, columns = np.indices(values.shape)
    kept = np.abs(values) >= view.at(density).threshold
    return pd.DataFrame(
        {"row": rows.ravel(), "column": columns.ravel(), "change": values.ravel(), "kept": kept.ravel()}
    )


def _take_over() -> None:
    """The density becomes that of the lab, and goes into the URL."""
    st.session_state["density"] = st.session_state[KEY] / 100
