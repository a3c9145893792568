"""What all figures share: colours that colour-blind readers tell apart, on light and dark ground alike."""

from __future__ import annotations

import textwrap

import plotly.graph_objects as go

BASE = "#4a8fd0"
MERGED = "#17a08c"
CPT = "#e08a2e"
MUTED = "#8b9792"
STARTS = (BASE, CPT, MERGED, "#b56bb8", "#8a8f3a", "#c75d5d")

SEQUENTIAL = "Cividis"
DIVERGING = "PuOr"

HEIGHT = 340
LINE = 46
"""Letters of a title that fit above half a page, or a telephone."""
FIRST_LINE = 19
"""Pixels from the upper edge to the foot of a title's first line."""


def framed(figure: go.Figure, title: str, x: str = "", y: str = "", height: int = HEIGHT) -> go.Figure:
    """The figure with its title, axis titles and the house's margins; the ground stays transparent.

    A title that is longer than `LINE` goes on below. Plotly hangs one line below its place and stands the first of
    several on it, so that these are placed lower.
    """
    lines = textwrap.wrap(title, LINE, break_long_words=False) or [title]
    further = 18 * (len(lines) - 1)
    place = 0.98 if len(lines) == 1 else 1 - FIRST_LINE / (height + further)
    figure.update_layout(
        title={
            "text": "<br>".join(lines),
            "font": {"size": 15},
            "x": 0,
            "xanchor": "left",
            "y": place,
            "yanchor": "top",
            "pad": {"t": 10} if further else {},
        },
        height=height + further,
        margin={"l": 8, "r": 12, "t": 64 + further, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "xanchor": "left", "x": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
    )
    figure.update_xaxes(title_text=x, automargin=True, zeroline=False)
    figure.update_yaxes(title_text=y, automargin=True, zeroline=False)
    return figure


def faint(colour: str, alpha: float = 0.16) -> str:
    """The colour `#rrggbb` as a translucent one.

    >>> faint("#ff8000", 0.5)
    'rgba(255,128,0,0.5)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def safe(text: str, longest: int = 40) -> str:
    """Text of users for plotly, which reads tags in labels: escaped, and cut where it is too long.

    >>> safe("<b>bold & long</b>", 9)
    '&lt;b&gt;bold …'
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
