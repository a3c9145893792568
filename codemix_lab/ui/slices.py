"""Where B gains and loses: slices of the sentences, one click away from their rows."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.evaluation.compare import Comparison
from codemix_lab.evaluation.slices import FEWEST
from codemix_lab.experiments.comparison_files import slice_tables
from codemix_lab.ui import words
from codemix_lab.ui.chart import download

QUESTION = "question"
HEIGHT = 320
_P_VALUE = st.column_config.NumberColumn("p", format="%.3f", help=words.HELP["p_value"])


def slices(found: Comparison, traits: pd.DataFrame) -> None:
    """Both tables; choosing a row puts its condition into the question box."""
    tables = cut_tables(found, traits)
    table, discovered = tables["slices"], tables["found_slices"]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("**By trait, what B loses most first**")
        if table.empty:
            st.info(f"No slice has {FEWEST} sentences yet: compare on more of them.")
        else:
            _chosen(
                table,
                "slices",
                {
                    "trait": None,
                    "f1_a": st.column_config.NumberColumn("F1 of A", format="%.3f"),
                    "f1_b": st.column_config.NumberColumn("F1 of B", format="%.3f"),
                    "difference": st.column_config.NumberColumn("B − A", format="%+.3f"),
                    "low": st.column_config.NumberColumn("from", format="%+.3f", help=words.HELP["interval"]),
                    "high": st.column_config.NumberColumn("to", format="%+.3f"),
                    "p_value": _P_VALUE,
                },
            )
    with right:
        st.markdown("**Found by search**")
        if discovered.empty:
            st.info("Too few sentences to search: compare on more of them.")
        else:
            _chosen(
                discovered,
                "found-slices",
                {
                    "gain": st.column_config.NumberColumn(
                        "inside",
                        format="%+.3f",
                        help="Share fixed − share broken, on sentences not searched.",
                    ),
                    "outside": st.column_config.NumberColumn(format="%+.3f"),
                    "p_value": _P_VALUE,
                },
            )


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


@st.cache_data(
    max_entries=8, show_spinner="Cutting slices …", hash_funcs={Comparison: lambda found: found.digest}
)
def cut_tables(found: Comparison, traits: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`slice_tables`, kept while the page is open."""
    return slice_tables(found, traits)
