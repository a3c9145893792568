"""Macro-F1 over the number of train sentences, one line a regime."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from codemix_lab.ui.figures.style import MUTED, STARTS, faint, framed, safe

DASHES = ("solid", "dash", "dot", "dashdot")


def learning_curves(table: pd.DataFrame, title: str) -> go.Figure:
    """One line a regime with a band for the 95 % interval of its mean over seeds.

    `table` has train_size, name, mean, low, high; the axis of sentences is logarithmic. Lines beyond the
    colours of the house take another dash.
    """
    figure = go.Figure()
    for place, name in enumerate(dict.fromkeys(table["name"])):
        own = table[table["name"] == name].sort_values("train_size")
        colour, dash = STARTS[place % len(STARTS)], DASHES[place // len(STARTS) % len(DASHES)]
        known = own.dropna(subset=["low"])
        if len(known) > 1:
            figure.add_scatter(
                x=[*known["train_size"], *known["train_size"][::-1]],
                y=[*known["high"].clip(0, 1), *known["low"][::-1].clip(0, 1)],
                mode="lines",
                fill="toself",
                fillcolor=faint(colour, 0.12),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=name,
            )
        figure.add_scatter(
            x=own["train_size"],
            y=own["mean"],
            mode="lines+markers",
            name=safe(name, 28),
            legendgroup=name,
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 7},
            hovertemplate="%{x} sentences: %{y:.3f}<extra>" + safe(name) + "</extra>",
        )
    sizes = sorted(set(table["train_size"]))
    framed(figure, title, "train sentences (logarithmic)", "macro-F1 (0–1)", height=420)
    figure.update_layout(legend={"yanchor": "top", "y": -0.2})
    figure.update_xaxes(
        type="log", tickvals=sizes, ticktext=[f"{size:,}" for size in sizes], gridcolor=faint(MUTED, 0.12)
    )
    return figure.update_yaxes(gridcolor=faint(MUTED, 0.2))
