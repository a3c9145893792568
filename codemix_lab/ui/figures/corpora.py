"""Corpora: labels by split, lengths, and how much is mixed; one or two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from codemix_lab.ui.figures import headlines
from codemix_lab.ui.figures.style import MUTED, STARTS, faint, framed, safe

PATTERNS = ("", "/", "x", ".", "-", "+")


def label_counts(counts: pd.DataFrame) -> go.Figure:
    """Rows by label and split: columns split, label, count."""
    figure = go.Figure()
    for place, (split, rows) in enumerate(counts.groupby("split", sort=False)):
        figure.add_bar(
            x=[safe(label, 20) for label in rows["label"]],
            y=rows["count"],
            name=safe(str(split)),
            marker={"color": STARTS[place % len(STARTS)], "pattern": {"shape": PATTERNS[place % 6]}},
            hovertemplate="%{x}: %{y:,}<extra>" + safe(str(split)) + "</extra>",
        )
    framed(figure, safe(headlines.label_counts(counts), 120), "label", "sentences")
    figure.update_layout(barmode="group", bargap=0.3)
    return figure.update_yaxes(gridcolor=faint(MUTED, 0.2))


def shares(binned: Mapping[str, Sequence[float]], edges: Sequence[str], title: str, x: str) -> go.Figure:
    """How values are spread: for each corpus the share (0–1) of its sentences in every bin."""
    figure = go.Figure()
    for place, (name, values) in enumerate(binned.items()):
        figure.add_bar(
            x=list(edges),
            y=list(values),
            name=safe(name),
            showlegend=len(binned) > 1,
            marker={"color": STARTS[place % len(STARTS)], "pattern": {"shape": PATTERNS[place % 6]}},
            hovertemplate="%{x}: %{y:.1%}<extra>" + safe(name) + "</extra>",
        )
    framed(figure, safe(headlines.spread(title, binned, edges), 120), x, "share of sentences")
    figure.update_layout(barmode="group", bargap=0.15)
    return figure.update_yaxes(tickformat=".0%", gridcolor=faint(MUTED, 0.2))


def binned(values: Sequence[float], edges: Sequence[float]) -> list[float]:
    """Share of the values in each bin [edge, next edge), the last one open above.

    >>> binned([0, 3, 12, 80], [0, 1, 10, 50])
    [0.25, 0.25, 0.25, 0.25]
    """
    counts = [0] * len(edges)
    for value in values:
        place = max((n for n, edge in enumerate(edges) if value >= edge), default=None)
        if place is not None:
            counts[place] += 1
    return [count / max(1, len(values)) for count in counts]
