"""A chart as the lab shows it: the figure, and below it the same numbers as a table and as CSV."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "responsive": True,
}


def chart(figure: go.Figure, table: pd.DataFrame, name: str, caption: str = "") -> None:
    """Show `figure` with a caption, and `table` folded away; `name` is the key and the CSV's file name."""
    title = figure.layout.title.text or name
    st.plotly_chart(figure, key=f"chart-{name}", config=_CONFIG, alt=title)
    if caption:
        st.caption(caption)
    with st.expander("Numbers", icon=":material/table_chart:"):
        numbers(table, name)


def numbers(table: pd.DataFrame, name: str) -> None:
    """Show `table` and offer it as CSV."""
    st.dataframe(table, hide_index=True, key=f"table-{name}")
    download(table, name)


def download(table: pd.DataFrame, name: str, label: str = "Download CSV") -> None:
    """Offer `table` as CSV that no spreadsheet runs as a formula."""
    st.download_button(
        label,
        data=lambda: as_csv(table),
        file_name=f"codemix-{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        on_click="ignore",
    )


def as_csv(table: pd.DataFrame) -> bytes:
    """CSV in UTF-8 with a byte-order mark, texts that look like formulas made harmless."""
    from codemix_lab.experiments.inspection import harmless

    safe = table.map(harmless).rename(columns=harmless)
    return str(safe.to_csv(index=False, lineterminator="\n")).encode("utf-8-sig")
