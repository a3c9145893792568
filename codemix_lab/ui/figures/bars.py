"""Lengths side by side: layers of a task vector, probabilities of a sentence, F1 by class, starts over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from codemix_lab.ui.figures import headlines
from codemix_lab.ui.figures.style import BASE, CPT, MERGED, MUTED, STARTS, faint, framed, safe

MARGIN = 0.02
MODELS = {"base": BASE, "merged": MERGED, "CPT": CPT}


def probabilities(answers: Mapping[str, Mapping[str, float]], title: str = "") -> go.Figure:
    """What each model thinks of one sentence: model → label → probability (0–1); without a title, what they say."""
    figure = go.Figure()
    for place, (model, found) in enumerate(answers.items()):
        figure.add_bar(
            y=[safe(label, 24) for label in found],
            x=list(found.values()),
            orientation="h",
            name=safe(model),
            marker={"color": MODELS.get(model, STARTS[place % len(STARTS)])},
            text=[f"{p:.0%}" for p in found.values()],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    rows = max((len(found) for found in answers.values()), default=1) * max(1, len(answers))
    framed(
        figure, safe(title or headlines.answers(answers), 120), "probability", "label", height=130 + 22 * rows
    )
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(range=[0, 1.12], tickformat=".0%", gridcolor=faint(MUTED, 0.2))
    return figure.update_yaxes(autorange="reversed")


def word_attributions(words: Sequence[str], found: Mapping[str, Iterable[float]], title: str) -> go.Figure:
    """What each word of a sentence adds, from top to bottom: model → one number a word, 0 adds nothing."""
    figure = go.Figure()
    for place, (model, values) in enumerate(found.items()):
        figure.add_bar(
            y=list(range(len(words))),
            x=list(values),
            orientation="h",
            name=safe(model),
            marker={"color": STARTS[place % len(STARTS)]},
            hovertemplate="%{x:+.3f}<extra>" + safe(model) + "</extra>",
        )
    framed(figure, safe(title, 80), "against ← → for", "", height=140 + 26 * max(3, len(words)))
    figure.update_layout(barmode="group", bargap=0.25)
    figure.update_xaxes(zeroline=True, gridcolor=faint(MUTED, 0.2))
    return figure.update_yaxes(
        tickvals=list(range(len(words))), ticktext=[safe(word, 24) for word in words], autorange="reversed"
    )


def class_f1(scores: Mapping[str, Mapping[str, float]]) -> go.Figure:
    """F1 of every class (0–1) for each start or model: name → label → F1."""
    figure = go.Figure()
    for place, (name, by_class) in enumerate(scores.items()):
        figure.add_bar(
            x=[safe(label, 16) for label in by_class],
            y=list(by_class.values()),
            name=safe(name),
            marker={"color": STARTS[place % len(STARTS)]},
            hovertemplate="%{x}: %{y:.3f}<extra>" + safe(name) + "</extra>",
        )
    framed(figure, safe(headlines.class_f1(scores), 120), "class", "F1 (0–1)")
    figure.update_layout(barmode="group", bargap=0.3)
    return figure.update_yaxes(range=[0, 1], gridcolor=faint(MUTED, 0.2))


def starts_over_seeds(summary: pd.DataFrame, runs: pd.DataFrame, split: str) -> go.Figure:
    """Mean macro-F1 of every start with its 95 % interval over seeds, and each seed as a small point.

    `summary` has start, split, mean, low, high; `runs` has start, split, seed, macro_f1.
    """
    figure = go.Figure()
    means, single = summary[summary["split"] == split], runs[runs["split"] == split]
    names = {start: safe(start) for start in means["start"]}
    figure.add_scatter(
        x=single["macro_f1"],
        y=single["start"].map(names),
        mode="markers",
        name="one seed",
        marker={"size": 7, "color": faint(MUTED, 0.75)},
        customdata=single["seed"],
        hovertemplate="seed %{customdata}: %{x:.3f}<extra></extra>",
    )
    for place, row in enumerate(means.to_dict("records")):
        known = not math.isnan(row["low"])
        bar = {"type": "data", "symmetric": False, "thickness": 2, "width": 6}
        figure.add_scatter(
            x=[row["mean"]],
            y=[names[row["start"]]],
            mode="markers",
            showlegend=False,
            marker={"size": 12, "symbol": "diamond", "color": STARTS[place % len(STARTS)]},
            error_x={**bar, "array": [row["high"] - row["mean"]], "arrayminus": [row["mean"] - row["low"]]}
            if known
            else None,
            hovertemplate="mean %{x:.3f}<extra></extra>",
        )
    framed(
        figure,
        safe(headlines.starts(means, split), 120),
        "macro-F1 (0–1)",
        "start",
        height=140 + 44 * max(2, len(means)),
    )
    reach = pd.concat([single["macro_f1"], means["low"], means["high"]]).dropna().clip(0, 1)
    figure.update_xaxes(range=[reach.min() - MARGIN, reach.max() + MARGIN], gridcolor=faint(MUTED, 0.2))
    return figure.update_yaxes(categoryorder="array", categoryarray=list(names.values())[::-1])
