"""The sentences of a comparison: filters, the question box, pages of rows, and the whole of it to take away."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import partial

import pandas as pd
import streamlit as st

from codemix_lab.errors import SpecError
from codemix_lab.evaluation.compare import PILES
from codemix_lab.evaluation.query import matching
from codemix_lab.experiments.tables import FORMATS, as_bytes
from codemix_lab.ui import words
from codemix_lab.ui.escape import plain

PAGE = 100
QUESTION, ROW, PAGE_KEY = "question", "row", "page-of-rows"


def chosen_piles(present: Collection[str]) -> list[str]:
    """Draw the choice of piles; none chosen means all. It begins with what changed, where anything did."""
    kept = st.pills(
        "Piles",
        PILES,
        selection_mode="multi",
        default=[pile for pile in ("fixed", "broken") if pile in present],
        key="piles",
        wrap=True,
        bind="query-params",
    )
    return list(kept or PILES)


def asked(columns: list[str]) -> str:
    """Draw the question box and return what is in it."""
    question = st.text_input(
        "Question",
        key=QUESTION,
        bind="query-params",
        max_chars=500,
        placeholder='cmi > 30 and "nahi" in text',
        help=words.HELP["question"] + " " + ", ".join(map(plain, columns)),
    )
    return (question or "").strip()


def fitting(table: pd.DataFrame, piles: list[str], question: str) -> pd.DataFrame:
    """The rows in these piles that answer the question, those that changed most first; an error is told."""
    rows = table[table["pile"].isin(piles)]
    try:
        rows = rows[matching(rows, question)]
    except SpecError as error:
        st.error(plain(str(error)), icon=":material/error:")
    return rows.sort_values("gold_gain", ascending=False, key=abs, kind="stable")


def rows(table: pd.DataFrame) -> None:
    """Draw one page of the table; the row that is chosen goes into the address."""
    if table.empty:
        st.info(words.NO_ROWS, icon=":material/search:")
        return
    pages = math.ceil(len(table) / PAGE)
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    page = 1
    if st.session_state.get(PAGE_KEY, 1) > pages:
        st.session_state[PAGE_KEY] = pages
    if pages > 1:
        page = int(right.number_input("Page", 1, pages, key=PAGE_KEY, bind="query-params"))
    shown = table.iloc[(page - 1) * PAGE : page * PAGE]
    first = (page - 1) * PAGE + 1
    left.caption(
        f"Sentences {first:,}–{first + len(shown) - 1:,} of {len(table):,}, largest change first; choose a row to open it."
    )
    answers = [name for name in map(str, table.columns) if name.startswith("predicted_")]
    key = f"rows-{hash(tuple(shown.index)):x}"

    def take() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        if chosen and chosen[0] < len(shown):
            st.query_params[ROW] = str(shown.index[chosen[0]])
        else:
            st.query_params.pop(ROW, None)

    with st.container(key="rows"):
        st.dataframe(
            shown[["text", "gold", *answers, "pile", "gold_gain", "note", "tags"]],
            hide_index=True,
            height=min(360, 38 + 35 * len(shown)),
            on_select=take,
            selection_mode="single-row",
            key=key,
            column_config={
                "text": st.column_config.TextColumn(width="large"),
                **{name: f"{name[-1].upper()} says" for name in answers},
                "gold_gain": st.column_config.NumberColumn(
                    "gain", format="%+.2f", help=words.HELP["gold_gain"]
                ),
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


def opened(count: int) -> int | None:
    """The number of the row that the address opens, or None; `count` rows there are."""
    named = st.query_params.get(ROW, "")
    return int(named) if named.isascii() and named.isdigit() and int(named) < count else None


def close() -> None:
    """Shut the opened row."""
    st.query_params.pop(ROW, None)
