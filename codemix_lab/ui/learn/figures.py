"""The lesson's charts: surprise before and after, the plane, a trimmed matrix, transfer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from codemix_lab.evaluation.matrix_view import MatrixView
from codemix_lab.evaluation.plane import Plane
from codemix_lab.ui.escape import brief
from codemix_lab.ui.figures.style import BASE, CPT, DIVERGING, MERGED, MUTED, SEQUENTIAL, faint, framed, safe

SECOND = "#b56bb8"
SYMBOLS = ("circle", "diamond", "square")


def surprise(table: pd.DataFrame) -> go.Figure:
    """Pseudo-perplexity of every text before and after CPT, joined by a line; logarithmic, lower is better."""
    figure = go.Figure()
    for row in table.to_dict("records"):
        figure.add_scatter(
            x=[row["base"], row["CPT"]],
            y=[row["text"]] * 2,
            mode="lines",
            line={"color": faint(MUTED, 0.8), "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    for name, colour, symbol, side in (("base", BASE, "circle", "top"), ("CPT", CPT, "diamond", "bottom")):
        figure.add_scatter(
            x=table[name],
            y=table["text"],
            mode="markers+text",
            name={"base": "base, before", "CPT": "CPT, after"}[name],
            marker={"size": 13, "color": colour, "symbol": symbol},
            text=[f"{value:,.0f}" for value in table[name]],
            textposition=f"{side} center",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:,.1f}<extra>" + name + "</extra>",
        )
    better = [row["text"] for row in table.to_dict("records") if row["CPT"] < row["base"]]
    title = f"Less surprise after CPT at {len(better)} of {len(table)} texts"
    framed(figure, title, "pseudo-perplexity (lower is better)", "", height=140 + 58 * len(table))
    values = table[["base", "CPT"]].to_numpy(dtype=float)
    ends = np.log10([values.min() * 0.75, values.max() * 1.35])
    figure.update_xaxes(
        type="log", range=ends.tolist(), gridcolor=faint(MUTED, 0.2), dtick=1, minor_dtick="L1"
    )
    names = table["text"].tolist()
    ticks = [safe(name).replace(" ", "<br>") for name in names]
    return figure.update_yaxes(range=[len(names) - 0.5, -0.6], tickvals=names, ticktext=ticks)


def plane(
    geometry: Plane, table: pd.DataFrame, names: Sequence[str], at: float, title: str, surprise: bool = False
) -> go.Figure:
    """Colour over the plane, both task vectors as arrows, and the merge at λ = `at` on the first.

    `table` has x, y and value of every computed merge: macro-F1, or with `surprise` a perplexity, which
    is drawn on a logarithmic scale. Bright is better in both. `names` are those of base, first and second
    checkpoint; the axes have one scale, so that angles are true.
    """
    grid = table.pivot_table(index="y", columns="x", values="value")
    xs, ys, z = list(grid.columns), list(grid.index), grid.to_numpy(dtype=float)
    told = [[f"{value:,.0f}" if surprise else brief(value, 3) for value in row] for row in z]
    figure = go.Figure(
        go.Contour(
            x=xs,
            y=ys,
            z=np.log10(z) if surprise else z,
            text=told,
            colorscale=SEQUENTIAL,
            reversescale=surprise,
            contours={"coloring": "heatmap"},
            line={"width": 0.6, "color": "rgba(255,255,255,.55)"},
            colorbar=_colour_bar(z, surprise),
            hovertemplate="x %{x:.1f}, y %{y:.1f}: %{text}<extra></extra>",
        )
    )
    figure.add_scatter(
        x=table["x"],
        y=table["y"],
        mode="markers",
        marker={"size": 3, "color": "rgba(255,255,255,.7)"},
        hoverinfo="skip",
        showlegend=False,
    )
    for corner, colour in zip(geometry.corners[1:], (CPT, SECOND), strict=True):
        figure.add_annotation(
            x=corner[0],
            y=corner[1],
            ax=0,
            ay=0,
            axref="x",
            ayref="y",
            xref="x",
            yref="y",
            showarrow=True,
            arrowhead=2,
            arrowsize=1.1,
            arrowwidth=4,
            arrowcolor=colour,
            standoff=7,
            text="",
        )
    for name, (x, y), colour, symbol in zip(
        names, geometry.corners, (BASE, CPT, SECOND), SYMBOLS, strict=True
    ):
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            name=safe(name),
            marker={"size": 15, "color": colour, "symbol": symbol, "line": {"color": "white", "width": 2}},
            hovertemplate=f"{safe(name)}: %{{x:.1f}}, %{{y:.1f}}<extra></extra>",
        )
    figure.add_scatter(
        x=[at * geometry.first],
        y=[0],
        mode="markers",
        name=f"λ = {at:.2f}",
        marker={"size": 15, "color": MERGED, "symbol": "x", "line": {"color": "white", "width": 2}},
        hovertemplate=f"base + {at:.2f} τ₁<extra></extra>",
    )
    framed(figure, title, "along τ₁ (length of weights)", "beside τ₁", height=560)
    figure.update_layout(margin_t=84)
    figure.update_xaxes(range=[xs[0], xs[-1]], showgrid=False, constrain="domain")
    return figure.update_yaxes(
        range=[ys[0], ys[-1]], showgrid=False, scaleanchor="x", scaleratio=1, constrain="domain"
    )


def _colour_bar(values: np.ndarray, surprise: bool) -> dict[str, Any]:
    """Thin, with a few round numbers where the scale is logarithmic."""
    bar: dict[str, Any] = {
        "thickness": 12,
        "outlinewidth": 0,
        "orientation": "h",
        "y": -0.24,
        "yanchor": "top",
    }
    if not surprise:
        return bar | {"title": {"text": "macro-F1", "side": "bottom"}, "tickformat": ".2f"}
    ticks = np.geomspace(values.min(), values.max(), 5)
    return bar | {
        "title": {"text": "pseudo-perplexity", "side": "bottom"},
        "tickvals": np.log10(ticks).tolist(),
        "ticktext": [f"{tick:,.3g}" if tick < 1000 else f"{round(tick, -2):,.0f}" for tick in ticks],
    }


def block(view: MatrixView, density: float, trimmed: bool) -> go.Figure:
    """The block of a weight matrix of the task vector, whole or with what trimming takes left empty."""
    values = np.array(view.block)
    most = float(np.abs(values).max()) or 1.0
    kept = view.at(density)
    shown = np.where(np.abs(values) >= kept.threshold, values, np.nan) if trimmed else values
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            colorscale=DIVERGING,
            zmin=-most,
            zmax=most,
            xgap=1,
            ygap=1,
            showscale=False,
            hoverongaps=False,
            hovertemplate="row %{y}, column %{x}: %{z:+.2e}<extra></extra>",
        )
    )
    left = int((~np.isnan(shown)).sum())
    title = (
        f"After trim: {left} of {values.size} cells left"
        if trimmed
        else f"CPT changed {np.count_nonzero(values)} of {values.size} cells, by {most:.1e} at most"
    )
    framed(figure, title, "input (column of the matrix)", "output (row)", height=430)
    figure.update_xaxes(showgrid=False, constrain="domain", showticklabels=False)
    return figure.update_yaxes(
        showgrid=False, autorange="reversed", scaleanchor="x", constrain="domain", showticklabels=False
    )


def energy(view: MatrixView, density: float) -> go.Figure:
    """Share of ‖δ‖² that each density of the whole matrix keeps, and where the dial stands."""
    now = view.at(density)
    figure = go.Figure()
    figure.add_scatter(
        x=[k.density for k in view.kept],
        y=[k.energy for k in view.kept],
        mode="lines",
        line={"color": MERGED, "width": 3},
        name="energy kept",
        hovertemplate="density %{x:.0%}: %{y:.1%} of the energy<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": MUTED, "dash": "dot"},
        name="if all changes were equal",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[now.density],
        y=[now.energy],
        mode="markers",
        marker={"size": 15, "color": MERGED, "symbol": "diamond", "line": {"color": "white", "width": 2}},
        name=f"density {now.density:.0%}",
        hovertemplate="density %{x:.0%}: %{y:.1%}<extra></extra>",
    )
    framed(
        figure,
        f"{now.density:.0%} of the changes hold {now.energy:.0%} of the energy",
        "density (share of elements kept)",
        "share of ‖δ‖²",
        height=320,
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02], gridcolor=faint(MUTED, 0.15))
    return figure.update_yaxes(tickformat=".0%", range=[0, 1.04], gridcolor=faint(MUTED, 0.2))


def transfer(table: pd.DataFrame, title: str, what: str, x: str) -> go.Figure:
    """One row a task, one mark a λ: columns task, λ and `what`, with low and high beside it as `what` names them.

    `what` is "macro_f1" (low, high) or "gain" (gain_low, gain_high); the last of at most three λ are CPT.
    """
    low, high = ("low", "high") if what == "macro_f1" else ("gain_low", "gain_high")
    tasks = list(dict.fromkeys(table["task"]))
    scalings = sorted(set(table["λ"]))
    look = list(zip((BASE, MERGED, CPT), SYMBOLS, strict=True))[-len(scalings) :]
    figure = go.Figure()
    if what == "gain":
        figure.add_vline(x=0, line={"color": MUTED, "width": 1.5})
    for place, scaling in enumerate(scalings):
        rows = table[table["λ"] == scaling]
        shift = (place - (len(scalings) - 1) / 2) * 0.22
        figure.add_scatter(
            x=rows[what],
            y=[tasks.index(task) + shift for task in rows["task"]],
            mode="markers",
            name=f"λ = {scaling:g}" + {0.0: " (base)", 1.0: " (CPT)"}.get(scaling, ""),
            marker={"size": 12, "color": look[place][0], "symbol": look[place][1]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": (rows[high] - rows[what]).tolist(),
                "arrayminus": (rows[what] - rows[low]).tolist(),
                "thickness": 2,
                "width": 5,
            },
            customdata=rows[["task", low, high]],
            hovertemplate="%{customdata[0]}: %{x:.3f} (%{customdata[1]:.3f} to %{customdata[2]:.3f})<extra></extra>",
        )
    framed(figure, title, x, "", height=150 + 62 * len(tasks))
    figure.update_xaxes(gridcolor=faint(MUTED, 0.2))
    return figure.update_yaxes(
        tickvals=list(range(len(tasks))),
        ticktext=[safe(task, 24) for task in tasks],
        range=[len(tasks) - 0.5, -0.5],
        showgrid=False,
    )
