"""A chart as the lab shows it: the figure, its pictures to download, and below it the same numbers as table and CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from codemix_lab.experiments.tables import as_bytes

_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toImage"],
    "responsive": True,
}
_PARTS = Path(__file__).with_name("instrument")
_BUTTONS = """
.pictures { display: flex; gap: 0.4rem; justify-content: flex-end; }
.pictures button { padding: 0.15rem 0.6rem; font: 0.8rem var(--st-font, sans-serif); color: inherit; cursor: pointer;
  background: none; border: 1px solid var(--st-border-color); border-radius: 0.35rem; color: var(--st-text-color); }
.pictures button:hover { border-color: var(--st-primary-color); }
.pictures button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""

_pictures = st.components.v2.component(
    "codemix_pictures",
    js="\n".join((_PARTS / name).read_text(encoding="utf-8") for name in ("picture.js", "chart.js")),
    css=_BUTTONS,
)


def chart(figure: go.Figure, table: pd.DataFrame, name: str, caption: str = "") -> None:
    """Show `figure` with a caption, and `table` folded away; `name` is the key and the name of what is downloaded."""
    title = (figure.layout.title.text or name).replace("<br>", " ")
    st.plotly_chart(figure, key=f"chart-{name}", config=_CONFIG, alt=title)
    if caption:
        st.caption(caption)
    _pictures(key=f"pictures-{name}", data={"chart": name})
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
        data=lambda: as_bytes(table, "csv"),
        file_name=f"codemix-{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        on_click="ignore",
    )
