"""Training loss over steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from codemix_lab.ui.figures.style import MUTED, STARTS, faint, framed, safe

DASHES = ("solid", "dash", "dot", "dashdot")


def loss_curves(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> go.Figure:
    """One line a run: name → [{"step", "loss"}, …]; cross-entropy in nats.

    Names end in ", seed 3": runs of one start share a colour.
    """
    figure = go.Figure()
    starts = list(dict.fromkeys(map(_start, runs)))
    for name, curve in runs.items():
        figure.add_scatter(
            x=[point["step"] for point in curve],
            y=[point["loss"] for point in curve],
            mode="lines+markers" if len(curve) < 3 else "lines",
            name=safe(name, 48),
            line={
                "color": STARTS[starts.index(_start(name)) % len(STARTS)],
                "width": 2,
                "dash": DASHES[_seed(name) % len(DASHES)],
            },
            hovertemplate="step %{x}: %{y:.3f}<extra></extra>",
        )
    framed(figure, "Training loss", "optimiser step", "cross-entropy (nats)")
    figure.update_xaxes(gridcolor=faint(MUTED, 0.12))
    return figure.update_yaxes(rangemode="tozero", gridcolor=faint(MUTED, 0.2))


def _start(name: str) -> str:
    return name.partition(", seed ")[0]


def _seed(name: str) -> int:
    number = name.partition(", seed ")[2].split(" ")[0]
    return int(number) if number.isdigit() else 0
