"""Losses over steps: of fine-tuning, and of continued pre-training on both kinds of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from codemix_lab.ui.figures import headlines
from codemix_lab.ui.figures.style import BASE, CPT, MUTED, STARTS, faint, framed, safe

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
    framed(figure, headlines.losses(runs), "optimiser step", "cross-entropy (nats)")
    figure.update_xaxes(gridcolor=faint(MUTED, 0.12))
    return figure.update_yaxes(rangemode="tozero", gridcolor=faint(MUTED, 0.2))


def pretraining_curves(points: Sequence[Mapping[str, float]]) -> go.Figure:
    """Held-out loss of code-mixed and monolingual text, and the training loss faintly behind.

    `points` are those of `continue_pretraining`: step, loss, tokens_per_second, and held-out losses by name.
    """
    figure = go.Figure()
    names = list(dict.fromkeys(name for point in points for name in point))
    for name in names:
        if name in ("step", "tokens_per_second"):
            continue
        training = name == "loss"
        colour = MUTED if training else BASE if name == "monolingual" else CPT
        there = [point for point in points if point.get(name) is not None]
        figure.add_scatter(
            x=[point["step"] for point in there],
            y=[point[name] for point in there],
            mode="lines" if training else "lines+markers",
            name="training" if training else safe(name),
            line={"color": colour, "width": 1 if training else 2.5, "dash": "dot" if training else "solid"},
            hovertemplate="step %{x}: %{y:.3f}<extra></extra>",
        )
    framed(figure, safe(headlines.pretraining(points), 120), "optimiser step", "cross-entropy (nats a piece)")
    figure.update_xaxes(gridcolor=faint(MUTED, 0.12))
    return figure.update_yaxes(gridcolor=faint(MUTED, 0.2))


def _start(name: str) -> str:
    return name.partition(", seed ")[0]


def _seed(name: str) -> int:
    number = name.partition(", seed ")[2].split(" ")[0]
    return int(number) if number.isdigit() else 0
