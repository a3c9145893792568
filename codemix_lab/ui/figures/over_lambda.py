"""Curves over λ: what is known exactly as points, what lies between them dotted or dashed."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from codemix_lab.evaluation.sentence_curve import SentenceCurve
from codemix_lab.ui.figures.style import BASE, MERGED, MUTED, STARTS, faint, framed, safe


def sentence(curve: SentenceCurve, scaling: float, title: str) -> go.Figure:
    """Probability of each label (0–1) over λ; a line stands at the dialled `scaling`."""
    figure = go.Figure()
    scalings, between = curve.between()
    for place, label in enumerate(curve.labels):
        colour = STARTS[place % len(STARTS)]
        figure.add_scatter(
            x=scalings,
            y=between[:, place],
            mode="lines",
            line={"color": colour, "dash": "dot", "width": 2},
            name=safe(label, 24),
            legendgroup=label,
            hovertemplate="λ %{x:.2f}: %{y:.1%} (interpolated)<extra>" + safe(label, 24) + "</extra>",
        )
        figure.add_scatter(
            x=curve.scalings,
            y=curve.exact[:, place],
            mode="markers",
            marker={"color": colour, "size": 9},
            name=f"{safe(label, 24)}, exact",
            legendgroup=label,
            showlegend=False,
            hovertemplate="λ %{x:.2f}: %{y:.1%} (exact)<extra>" + safe(label, 24) + "</extra>",
        )
    figure.add_vline(x=scaling, line={"color": MUTED, "width": 1})
    framed(figure, title, "λ", "probability", height=320)
    return figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%", gridcolor=faint(MUTED, 0.2))


def tuned_curve(points: pd.DataFrame, checks: pd.DataFrame, title: str) -> go.Figure:
    """Macro-F1 after fine-tuning: predicted dashed (mean over seeds), fine-tuned for real as points.

    `points` has seed, scaling, macro_f1, fine_tuned; `checks` seed, scaling, fine_tuned (macro-F1), or nothing.
    """
    figure = go.Figure()
    means = points.groupby("scaling")["macro_f1"].mean()
    if points["seed"].nunique() > 1:
        for seed, own in points.groupby("seed"):
            figure.add_scatter(
                x=own["scaling"],
                y=own["macro_f1"],
                mode="lines",
                line={"color": faint(MUTED, 0.5), "width": 1, "dash": "dash"},
                showlegend=False,
                hovertemplate=f"λ %{{x:.2f}}: %{{y:.3f}}<extra>seed {seed}</extra>",
            )
    figure.add_scatter(
        x=means.index,
        y=means,
        mode="lines",
        name="predicted",
        line={"color": MERGED, "dash": "dash", "width": 2.5},
        hovertemplate="λ %{x:.2f}: %{y:.3f} (predicted)<extra></extra>",
    )
    real = points[points["fine_tuned"]]
    told = [("fine-tuned", real["scaling"], real["macro_f1"], "circle", MERGED)]
    if len(checks):
        told.append(("fine-tuned to check", checks["scaling"], checks["fine_tuned"], "diamond-open", BASE))
    for name, scalings, scores, symbol, colour in told:
        figure.add_scatter(
            x=scalings,
            y=scores,
            mode="markers",
            name=name,
            marker={"color": colour, "size": 10, "symbol": symbol, "line": {"width": 2}},
            hovertemplate="λ %{x:.3f}: %{y:.3f}<extra>" + name + "</extra>",
        )
    framed(figure, title, "λ", "macro-F1 (0–1)", height=360)
    figure.update_xaxes(gridcolor=faint(MUTED, 0.12))
    return figure.update_yaxes(gridcolor=faint(MUTED, 0.2))
