"""Scores as functions of λ: what is exact is filled, what is predicted is dashed."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from codemix_lab.ui.figures.style import BASE, CPT, MERGED, MUTED, faint, framed

TOP = 1.5


def f1_curve(points: pd.DataFrame, now: pd.DataFrame) -> go.Figure:
    """Macro-F1 against λ.

    `points` has scaling, macro_f1, low, high and exact, in order of λ; `now` is the one row (or none)
    of the λ that is dialled.
    """
    figure = go.Figure()
    _band(figure, points)
    _line(figure, points["scaling"], points["macro_f1"], MERGED, "predicted")
    exact = points[points["exact"]]
    figure.add_scatter(
        x=exact["scaling"],
        y=exact["macro_f1"],
        mode="markers",
        name="exact",
        marker={"size": 8, "color": MERGED},
        hovertemplate="λ = %{x:.2f}: %{y:.3f}<extra>exact</extra>",
    )
    _now(figure, now, "macro_f1", MERGED)
    _ends(figure)
    return framed(figure, "Dev macro-F1 over λ", "λ, share of the task vector added back", "macro-F1 (0–1)")


def perplexity_curve(points: pd.DataFrame, now: pd.DataFrame) -> go.Figure:
    """Pseudo-perplexity of code-mixed and of monolingual text against λ, on a logarithmic axis.

    Columns: scaling, code_mixed_perplexity, monolingual_perplexity, exact; rows without a value are left out.
    """
    figure = go.Figure()
    kinds = (("code_mixed_perplexity", "code-mixed", CPT), ("monolingual_perplexity", "monolingual", BASE))
    for column, name, colour in kinds:
        known = points.dropna(subset=[column])
        _line(figure, known["scaling"], known[column], colour, name, legend=False)
        exact = known[known["exact"]]
        figure.add_scatter(
            x=exact["scaling"],
            y=exact[column],
            mode="markers",
            name=name,
            marker={"size": 7, "color": colour},
            hovertemplate="λ = %{x:.2f}: %{y:.1f}<extra>" + name + "</extra>",
        )
        _now(figure, now.dropna(subset=[column]), column, colour)
    _ends(figure)
    framed(figure, "Held-out text: gained, forgotten", "λ", "pseudo-perplexity (lower is better)")
    return figure.update_yaxes(type="log", nticks=6)


def _band(figure: go.Figure, points: pd.DataFrame) -> None:
    known = points.dropna(subset=["low", "high"])
    figure.add_scatter(
        x=[*known["scaling"], *known["scaling"][::-1]],
        y=[*known["high"], *known["low"][::-1]],
        fill="toself",
        fillcolor=faint(MERGED),
        line={"width": 0},
        mode="lines",
        name="95 % interval",
        hoverinfo="skip",
    )


def _line(figure: go.Figure, x: pd.Series, y: pd.Series, colour: str, name: str, legend: bool = True) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        name=name,
        showlegend=legend,
        line={"color": colour, "width": 2, "dash": "dash"},
        hovertemplate="λ = %{x:.2f}: %{y:.3~f}<extra>predicted</extra>",
    )


def _now(figure: go.Figure, now: pd.DataFrame, column: str, colour: str) -> None:
    for row in now.to_dict("records"):
        kind = "exact" if row["exact"] else "predicted"
        figure.add_scatter(
            x=[row["scaling"]],
            y=[row[column]],
            mode="markers",
            showlegend=False,
            marker={
                "size": 12,
                "symbol": "diamond" if row["exact"] else "diamond-open",
                "color": colour,
                "line": {"width": 2, "color": colour},
            },
            hovertemplate="λ = %{x:.2f}: %{y:.3~f}<extra>" + kind + "</extra>",
        )
        figure.add_vline(x=row["scaling"], line={"color": colour, "width": 1})


def _ends(figure: go.Figure) -> None:
    for place, name, colour in ((0.0, "base", BASE), (1.0, "CPT", CPT)):
        figure.add_vline(
            x=place,
            line={"color": colour, "width": 1.5, "dash": "dot"},
            annotation={
                "text": name,
                "font": {"color": colour},
                "yanchor": "bottom",
                "y": 0,
                "showarrow": False,
            },
        )
    figure.update_xaxes(range=[-0.04, TOP + 0.04], dtick=0.25, gridcolor=faint(MUTED, 0.12))
    figure.update_yaxes(gridcolor=faint(MUTED, 0.2))
