"""Many runs at once: one line a run through its fields to its score."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from codemix_lab.ui.figures.style import SEQUENTIAL, framed, safe

UNREAD = "–"
_TICKS = 12
NAMES = {"train_size": "sentences", "scaling": "λ", "learning_rate": "rate", "lora": "LoRA"}


def parallel_runs(table: pd.DataFrame, fields: list[str], score: str, title: str) -> go.Figure:
    """Parallel coordinates: an axis for each of `fields`, values in order at even steps, and the score last.

    Runs without the score are left out. The colour is the score; an axis can be brushed with the mouse.
    """
    scored = table.dropna(subset=[score])
    dimensions = [_axis(scored[name], NAMES.get(name, name)) for name in fields]
    dimensions.append({"label": f"{score} F1", "values": scored[score]})
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions,
            line={"color": scored[score], "colorscale": SEQUENTIAL},
            labelside="top",
            unselected={"line": {"opacity": 0.08}},
        )
    )
    framed(figure, title, height=440)
    return figure.update_layout(margin={"l": 120, "r": 48, "t": 110, "b": 24})


def varying(table: pd.DataFrame, fields: tuple[str, ...]) -> list[str]:
    """The fields in which the runs differ.

    >>> varying(pd.DataFrame({"regime": ["a", "b"], "epochs": [8, 8], "seed": [0, None]}), ("regime", "epochs", "seed"))
    ['regime', 'seed']
    """
    return [name for name in fields if table[name].map(_word).nunique() > 1]


def _axis(values: pd.Series[Any], label: str) -> dict[str, Any]:
    known = sorted(set(values.dropna()), key=lambda value: (isinstance(value, str), value))
    words = [*([UNREAD] if values.isna().any() else []), *map(_word, known)]
    every = -(-len(words) // _TICKS)
    return {
        "label": safe(label, 16),
        "values": [words.index(_word(value)) for value in values],
        "tickvals": list(range(0, len(words), every)),
        "ticktext": [safe(word, 20) for word in words[::every]],
        "range": [-0.2, max(1, len(words) - 1) + 0.2],
    }


def _word(value: Any) -> str:
    if isinstance(value, (str, bool)):
        return str(value)
    return UNREAD if pd.isna(value) else f"{value:g}"
