"""Tables of numbers as coloured cells, the number always written in the cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from codemix_lab.ui.figures.style import DIVERGING, SEQUENTIAL, framed, safe

CELL = 56
TESTED_ON = "task it is tested on"


def confusion(counts: np.ndarray, labels: Sequence[str], title: str) -> go.Figure:
    """Sentences by gold label (rows) and predicted label (columns), coloured by share of the row."""
    counts = np.asarray(counts, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    texts = [
        [f"{n:.0f}<br>{share:.0%}" for n, share in zip(*rows, strict=True)]
        for rows in zip(counts, shares, strict=True)
    ]
    names = [safe(label, 16) for label in labels]
    return _cells(shares, texts, names, names, title, "predicted label", "gold label", SEQUENTIAL, 0, 1)


def confusion_difference(a: np.ndarray, b: np.ndarray, labels: Sequence[str], title: str) -> go.Figure:
    """Sentences that moved from A to B: gold label by predicted label, positive where B has more."""
    moved = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    most = max(1.0, float(np.abs(moved).max(initial=0)))
    texts = [[f"{n:+.0f}" if n else "0" for n in row] for row in moved]
    names = [safe(label, 16) for label in labels]
    return _cells(moved, texts, names, names, title, "predicted label", "gold label", DIVERGING, -most, most)


def transfer_map(
    scores: np.ndarray, models: Sequence[str], tasks: Sequence[str], title: str, what: str = "model"
) -> go.Figure:
    """Macro-F1 (0–1) of every model (rows) on every task (columns); NaN is an empty cell with a dash.

    `what` says what the rows are.
    """
    texts = [["–" if np.isnan(f1) else f"{f1:.2f}".lstrip("0") for f1 in row] for row in scores]
    known = scores[~np.isnan(scores)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    rows, columns = [safe(m) for m in models], [safe(t, 24) for t in tasks]
    return _cells(
        scores,
        texts,
        rows,
        columns,
        title,
        TESTED_ON,
        what,
        SEQUENTIAL,
        low,
        max(high, low + 0.05),
    )


def difference_map(differences: pd.DataFrame, texts: pd.DataFrame, title: str) -> go.Figure:
    """Differences in macro-F1 (−1 to 1) of every regime (rows) on every task (columns), as `texts` write them."""
    values = differences.to_numpy(dtype=float)
    most = max(0.01, float(np.nanmax(np.abs(values), initial=0.0)))
    written = [[text if isinstance(text, str) and text else "–" for text in row] for row in texts.to_numpy()]
    rows, columns = [safe(str(r)) for r in differences.index], [safe(str(c), 24) for c in differences.columns]
    return _cells(values, written, rows, columns, title, TESTED_ON, "regime", DIVERGING, -most, most)


def duration_map(table: pd.DataFrame, title: str) -> go.Figure:
    """Macro-F1 (0–1) by CPT steps (rows) and λ (columns); `table` has the columns steps, scaling, macro_f1."""
    plane = table.pivot(index="steps", columns="scaling", values="macro_f1")
    scores = plane.to_numpy(dtype=float)
    texts = [["–" if np.isnan(f1) else f"{f1:.2f}".lstrip("0") for f1 in row] for row in scores]
    low, high = float(np.nanmin(scores)), float(np.nanmax(scores))
    rows, columns = [f"{step:g}" for step in plane.index], [f"{scaling:g}" for scaling in plane.columns]
    return _cells(
        scores, texts, rows, columns, title, "λ", "CPT steps", SEQUENTIAL, low, max(high, low + 0.05)
    )


def _cells(
    values: np.ndarray,
    texts: list[list[str]],
    rows: list[str],
    columns: list[str],
    title: str,
    x: str,
    y: str,
    scale: str,
    low: float,
    high: float,
) -> go.Figure:
    figure = go.Figure(
        go.Heatmap(
            z=values,
            text=texts,
            texttemplate="%{text}",
            colorscale=scale,
            zmin=low,
            zmax=high,
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate=f"{y} %{{y}}, {x} %{{x}}: %{{text}}<extra></extra>",
        )
    )
    framed(figure, safe(title, 120), x, y, height=130 + CELL * max(2, len(rows)))
    figure.update_xaxes(tickvals=list(range(len(columns))), ticktext=columns, showgrid=False)
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=rows, showgrid=False, autorange="reversed")
    return figure
