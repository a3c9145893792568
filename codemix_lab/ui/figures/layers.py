"""Task vectors by layer: how far each went, what is kept of it, and where two of them agree."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from codemix_lab.ui.figures import headlines
from codemix_lab.ui.figures.style import BASE, CPT, MUTED, STARTS, faint, framed, safe

DASHES = ("solid", "dot", "dash")


def moved(lengths: pd.DataFrame) -> go.Figure:
    """‖τ‖ / ‖base‖ of every layer and kind of module: a group of bars a layer, input first.

    `lengths` is the table of `merging.anatomy.lengths` for one task vector.
    """
    figure = go.Figure()
    for place, (module, rows) in enumerate(lengths.groupby("module", sort=False)):
        figure.add_bar(
            x=rows["layer"],
            y=rows["relative"],
            name=safe(str(module).replace("_", "-")),
            marker={"color": STARTS[place % len(STARTS)]},
            hovertemplate="%{x}: %{y:.2%}<extra></extra>",
        )
    framed(figure, safe(headlines.moved(lengths), 120), "layer", "‖τ‖ / ‖base‖")
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(categoryorder="array", categoryarray=list(dict.fromkeys(lengths["layer"])))
    return figure.update_yaxes(tickformat=".1%", gridcolor=faint(MUTED, 0.2))


def energy(kept: pd.DataFrame) -> go.Figure:
    """The share of ‖τ‖² that each density keeps: columns layer, density, energy; a line a layer."""
    figure = go.Figure()
    for place, (layer, rows) in enumerate(kept.groupby("layer", sort=False)):
        figure.add_scatter(
            x=rows["density"],
            y=rows["energy"],
            mode="lines+markers",
            name=safe(str(layer)),
            line={
                "color": STARTS[place % len(STARTS)],
                "dash": DASHES[place // len(STARTS) % len(DASHES)],
                "width": 2,
            },
            hovertemplate="density %{x:g}: %{y:.1%}<extra>" + safe(str(layer)) + "</extra>",
        )
    framed(figure, headlines.energy(kept), "density (0–1)", "share of ‖τ‖²")
    figure.update_xaxes(gridcolor=faint(MUTED, 0.12))
    return figure.update_yaxes(tickformat=".0%", range=[0, 1.02], gridcolor=faint(MUTED, 0.2))


def agreement(pair: pd.DataFrame) -> go.Figure:
    """Cosine of two task vectors and their share of sign conflicts over the layers, input first."""
    figure = go.Figure()
    for name, column, colour, dash in (
        ("cosine", "cosine", CPT, "solid"),
        ("share of sign conflicts", "conflicts", BASE, "dash"),
    ):
        figure.add_scatter(
            x=pair["layer"],
            y=pair[column],
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate="%{x}: %{y:.2f}<extra>" + name + "</extra>",
        )
    framed(figure, headlines.agreement(pair), "layer", "cosine; share of elements")
    figure.update_xaxes(gridcolor=faint(MUTED, 0.12))
    return figure.update_yaxes(gridcolor=faint(MUTED, 0.2))
