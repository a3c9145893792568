"""What a merge thinks of one sentence over λ: exact nodes as points, the polynomial between them dotted."""

from __future__ import annotations

import plotly.graph_objects as go

from codemix_lab.evaluation.sentence_curve import SentenceCurve
from codemix_lab.ui.figures.style import MUTED, STARTS, faint, framed, safe


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
