"""Differences with their intervals as a drawing: a forest plot in SVG, without script or network."""

from __future__ import annotations

import math
from html import escape

from codemix_lab.experiments.regimes_table import Comparison

_WIDTH, _NAMES, _ROW, _TOP, _FOOT = 720, 220, 26, 12, 34


def forest(found: Comparison) -> str:
    """Points of macro-F1 against the reference, a row each: mean as a dot, 95 % over seeds as a line."""
    rows = [row for row in found.differences.to_dict("records") if math.isfinite(row["difference"])]
    ends = [
        100 * row[end] for row in rows for end in ("low", "high", "difference") if math.isfinite(row[end])
    ]
    low, high = min([*ends, -1.0]), max([*ends, 1.0])
    height = _TOP + _ROW * len(rows) + _FOOT

    def x(points: float) -> float:
        return round(_NAMES + (_WIDTH - _NAMES - 20) * (points - low) / (high - low), 1)

    parts = [
        (
            f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" font-size="13" fill="currentColor" '
            f'aria-label="Differences to {escape(found.reference)}">'
        ),
        f'<line x1="{x(0)}" x2="{x(0)}" y1="{_TOP}" y2="{height - _FOOT}" stroke="currentColor" stroke-dasharray="3 3"/>',
    ]
    for place, row in enumerate(rows):
        y = _TOP + _ROW * place + _ROW / 2
        parts.append(f'<text x="{_NAMES - 10}" y="{y + 4}" text-anchor="end">{escape(row["name"])}</text>')
        if math.isfinite(row["low"]):
            parts.append(
                f'<line x1="{x(100 * row["low"])}" x2="{x(100 * row["high"])}" y1="{y}" y2="{y}" '
                'stroke="currentColor" stroke-width="2"/>'
            )
        sure = "currentColor" if row["p_holm"] < 0.05 else "Canvas"
        parts.append(
            f'<circle cx="{x(100 * row["difference"])}" cy="{y}" r="5" fill="{sure}" stroke="currentColor" stroke-width="2"/>'
        )
    parts += [
        f'<text x="{x(tick)}" y="{height - 14}" text-anchor="middle">{tick:+d}</text>'
        for tick in sorted({math.ceil(low), 0, math.floor(high)})
    ]
    return "\n".join([*parts, "</svg>"])
