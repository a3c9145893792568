"""A table of numbers as a drawing: cells in SVG, without script or network, on light and dark ground alike."""

from __future__ import annotations

import math
from html import escape

import numpy as np
import pandas as pd

_NAMES, _CELL, _ROW, _TOP = 240, 96, 34, 46
_ABOVE, _BELOW = "#17a08c", "#b35a1f"
_STRONGEST = 0.6
"""Opacity of the strongest cell: the number in it must stay readable."""


def heat_map(values: pd.DataFrame, texts: pd.DataFrame, label: str, around: float | None = None) -> str:
    """Rows and columns of `values` as coloured cells with `texts` in them; NaN is a dash.

    Colour grows from the smallest to the largest value, or to both sides of `around`.
    """
    numbers = values.to_numpy(dtype=float)
    known = numbers[~np.isnan(numbers)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    width = _NAMES + _CELL * len(values.columns)
    height = _TOP + _ROW * len(values)
    parts = [
        (
            f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" font-size="13" fill="currentColor" '
            f'aria-label="{escape(label)}">'
        )
    ]
    for column, name in enumerate(values.columns):
        x = _NAMES + _CELL * (column + 0.5)
        parts.append(f'<text x="{x}" y="{_TOP - 12}" text-anchor="middle">{escape(str(name))}</text>')
    for row, name in enumerate(values.index):
        y = _TOP + _ROW * row
        middle = y + _ROW / 2 + 4
        parts.append(f'<text x="{_NAMES - 10}" y="{middle}" text-anchor="end">{escape(str(name))}</text>')
        for column in range(len(values.columns)):
            value = float(numbers[row, column])
            x = _NAMES + _CELL * column
            if not math.isnan(value):
                colour, share = _colour(value, low, high, around)
                parts.append(
                    f'<rect x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_ROW - 2}" fill="{colour}" '
                    f'fill-opacity="{_STRONGEST * share:.2f}"/>'
                )
            text = "–" if math.isnan(value) else str(texts.iat[row, column])
            parts.append(f'<text x="{x + _CELL / 2}" y="{middle}" text-anchor="middle">{escape(text)}</text>')
    return "\n".join([*parts, "</svg>"])


def _colour(value: float, low: float, high: float, around: float | None) -> tuple[str, float]:
    """Colour of a cell, and how strong it is, 0 to 1."""
    if around is None:
        return _ABOVE, 0.1 + 0.9 * (value - low) / (high - low) if high > low else 0.5
    reach = max(abs(low - around), abs(high - around)) or 1.0
    return (_ABOVE if value >= around else _BELOW), abs(value - around) / reach
