"""The sentences of a comparison: filters, the question box, pages of rows, and the whole of it to take away."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd
import streamlit as st

from codemix_lab.errors import SpecError
from codemix_lab.evaluation.compare import PILES
from codemix_lab.evaluation.query import matching
from codemix_lab.experiments.tables import FORMATS, as_bytes
from codemix_lab.ui import words
from codemix_lab.ui.escape import plain
from codemix_lab.ui.slices import QUESTION

ICONS = {
    "fixed": ":material/build:",
    "broken": ":material/broken_image:",
    "both wrong": ":material/close:",
    "both right": ":material/check:",
}
PAGE = 100
_SHOWN = ["text", "gold", "predicted_a", "predicted_b", "pile", "gold_gain", "note", "tags"]


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the filters and return the rows that pass, those that changed most first."""
    left, right = st.columns([2, 3], gap="small")
    kept = left.pills(
        "Piles",
        PILES,
        selection_mode="multi",
        default=["fixed", "broken"],
        format_func=lambda pile: f"{ICONS[pile]} {pile}",
        key="piles",
        wrap=True,
        bind="query-params",
    )
    question = right.text_input(
        "Question",
        key=QUESTION,
        bind="query-params",
        max_chars=500,
        placeholder='cmi > 30 and "nahi" in text',
        help=words.HELP["question"] + " " + ", ".join(map(str, table.columns)),
    )
    rows = table[table["pile"].isin(kept or PILES)]
    try:
        rows = rows[matching(rows, question or "")]
    except SpecError as error:
        right.error(plain(str(error)), icon=":material/error:")
    return rows.sort_values("gold_gain", ascending=False, key=abs, kind="stable")


def rows(table: pd.DataFrame) -> int | None:
    """Draw one page of the table and return the label of the row that was opened, if one is."""
    if table.empty:
        st.info(words.NO_ROWS, icon=":material/search:")
        return None
    pages = math.ceil(len(table) / PAGE)
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    page = 1
    if pages > 1:
        page = int(right.number_input("Page", 1, pages, key="page-of-rows"))
    shown = table.iloc[(page - 1) * PAGE : page * PAGE]
    first = (page - 1) * PAGE + 1
    left.caption(
        f"Sentences {first:,}–{first + len(shown) - 1:,} of {len(table):,}, largest change first; choose a row to open it."
    )
    event = st.dataframe(
        shown[_SHOWN],
        hide_index=True,
        height=min(360, 38 + 35 * len(shown)),
        on_select="rerun",
        selection_mode="single-row",
        key="rows",
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "predicted_a": "A says",
            "predicted_b": "B says",
            "gold_gain": st.column_config.NumberColumn("gain", format="%+.2f", help=words.HELP["gold_gain"]),
        },
    )
    with st.container(horizontal=True):
        for ending, (name, mime) in FORMATS.items():
            st.download_button(
                f"All {len(table):,} as {name}",
                data=partial(as_bytes, table, ending),
                file_name=f"codemix-rows.{ending}",
                mime=mime,
                key=f"rows-{ending}",
                on_click="ignore",
            )
    chosen = event["selection"]["rows"]
    return int(shown.index[chosen[0]]) if chosen and chosen[0] < len(shown) else None
