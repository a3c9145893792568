"""Where one model gains and loses against another: slices of the sentences, one click away from their rows."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.evaluation.slices import FEWEST
from codemix_lab.experiments.saved_slices import LONGEST_NAME, SavedSlices
from codemix_lab.ui import shell
from codemix_lab.ui.allowed import check_may_change, read_only
from codemix_lab.ui.chart import download
from codemix_lab.ui.inspection import paired_columns
from codemix_lab.ui.rows import QUESTION

HEIGHT = 320


def slices(tables: dict[str, pd.DataFrame], saved: pd.DataFrame, a: str, b: str) -> None:
    """The tables of `SideBySide.slices` and `saved_slices`; choosing a row puts its condition into the box."""
    table, discovered = tables["slices"], tables["found_slices"]
    pairs = table[table["trait"] == "pair"]
    if len(pairs) > 1:
        st.markdown("**By language pair**")
        _chosen(pairs, "pairs", {"trait": None, **paired_columns(a, b)})
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown(f"**By trait, what {b} loses most first**")
        if table.empty:
            st.info(f"No slice has {FEWEST} sentences yet: compare on more of them.")
        else:
            _chosen(table, "slices", {"trait": None, **paired_columns(a, b)})
    with right:
        st.markdown("**Found by search**")
        if discovered.empty:
            st.info("Too few sentences to search: compare on more of them.")
        else:
            share = "Share fixed − share broken, on sentences not searched."
            _chosen(
                discovered,
                "found-slices",
                {
                    "gain": st.column_config.NumberColumn("inside", format="%+.3f", help=share),
                    "outside": st.column_config.NumberColumn(format="%+.3f"),
                    "p_value": paired_columns(a, b)["p_value"],
                },
            )
    if not saved.empty:
        st.markdown("**Saved**")
        _chosen(saved, "saved-slices", paired_columns(a, b))
        if not read_only():
            _forget(list(saved["name"]))


def save(question: str) -> None:
    """Draw the way to keep the question as a slice; there is none where the lab is on show."""
    if read_only():
        return
    box = st.popover("Save as slice", icon=":material/bookmark_add:", disabled=not question, width="stretch")
    with box, st.form("save-slice", border=False):
        name = st.text_input("Name of the slice", max_chars=LONGEST_NAME, key="slice-name")
        if st.form_submit_button("Save", icon=":material/bookmark:"):
            with shell.told():
                check_may_change()
                SavedSlices().keep(name or "", question)
                st.rerun(scope="app")


def _forget(names: list[str]) -> None:
    with st.popover("Delete a saved slice", icon=":material/delete:"), st.form("forget-slice", border=False):
        name = st.selectbox("Slice", names, key="slice-to-delete")
        sure = st.checkbox("Yes, delete it", key="slice-sure")
        if st.form_submit_button("Delete"):
            if not sure:
                st.warning("Tick the box first: a deleted slice does not come back.")
                return
            with shell.told():
                check_may_change()
                SavedSlices().remove(name or "")
                st.rerun(scope="app")


def _chosen(table: pd.DataFrame, name: str, columns: dict[str, Any]) -> None:
    key = f"table-{name}"

    def ask() -> None:
        if rows := st.session_state[key]["selection"]["rows"]:
            st.session_state[QUESTION] = str(table["slice"].iloc[rows[0]])

    st.dataframe(
        table,
        hide_index=True,
        height=min(HEIGHT, 38 + 35 * len(table)),
        on_select=ask,
        selection_mode="single-row",
        key=key,
        column_config=columns,
    )
    download(table, name)
