"""What the instrument in the browser is given: a grid and the dials, as plain values."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from codemix_lab.config import MergeMethod, MergeSpec
from codemix_lab.evaluation.metrics import Scores, f1_per_class, score
from codemix_lab.evaluation.score_grid import ENOUGH, ExactScore, GridColumn, ScoreGrid
from codemix_lab.ui import words
from codemix_lab.ui.said import said

SCALE = 1000
"""Log-probabilities travel as 16-bit numbers in thousandths."""

PARTS = Path(__file__).with_name("instrument")
SCRIPT = ("maths.js", "draw.js", "picture.js", "views.js", "board.js")


def script() -> str:
    """The instrument's JavaScript: one module whose default export mounts it."""
    return "\n".join((PARTS / name).read_text(encoding="utf-8") for name in SCRIPT)


def style() -> str:
    """The instrument's CSS."""
    return (PARTS / "instrument.css").read_text(encoding="utf-8")


def payload(
    grid: ScoreGrid,
    spec: MergeSpec,
    *,
    dials_density: bool,
    wanted: Sequence[float] = (),
    cpt: ExactScore | None = None,
    doing: str = "",
) -> dict[str, Any]:
    """Everything that moves with the dials, as JSON takes it.

    `dials_density` says whether the density dial does something, `wanted` which densities the grid will
    have, `doing` what is being worked out now.
    """
    gold = np.array(grid.gold)
    exact = grid.exact_at(spec.scaling, spec.density)
    return {
        "key": f"{grid.fingerprint}-{spec.replace(scaling=0.0, density=1.0).digest()}",
        "lead": f"{words.LEAD} Here: {', '.join([spec.method.label, *said(spec)])}.",
        "labels": list(grid.labels),
        "texts": list(grid.texts),
        "gold": list(grid.gold),
        "scale": SCALE,
        "columns": [_column(column, gold) for column in grid.columns],
        "exact": None if exact is None else _exact(exact, grid),
        "cpt": None if cpt is None else _macro_f1(cpt.log_probabilities, gold),
        "layers": [list(row) for row in _layers(grid, spec.density)],
        "dials": {
            "scaling": _dial("scaling", spec.scaling, True, words.HELP["scaling_hint"]),
            "density": _dial(
                "density",
                spec.density,
                dials_density,
                _density_hint(spec.method, dials_density),
            ),
        },
        "wanted": list(wanted),
        "doing": doing,
    }


def packed(values: np.ndarray) -> str:
    """Log-probabilities as base64 of little-endian 16-bit integers, in thousandths.

    >>> base64.b64decode(packed(np.array([0.0, -0.002]))).hex()
    '0000feff'
    """
    return base64.b64encode(np.round(values * SCALE).astype("<i2").tobytes()).decode()


def checked(column: GridColumn, gold: np.ndarray) -> dict[str, Any] | None:
    """How far a coarser column was off at the nodes it had not seen; None while there are too few.

    `nodes` is the size of the coarser one, `count` the number of unseen nodes, `f1` the largest
    difference in macro-F1 and `agreement` the smallest share of equal predictions.
    """
    held_out = column.held_out()
    if held_out is None:
        return None
    coarse, unseen = held_out
    differences, agreements = [], []
    for place in unseen:
        guess = coarse.probabilities(float(column.scalings[place]))
        truth = column.log_probabilities[place]
        differences.append(abs(_macro_f1(guess, gold) - _macro_f1(truth, gold)))
        agreements.append(float((guess.argmax(axis=1) == truth.argmax(axis=1)).mean()))
    return {
        "nodes": len(coarse.scalings),
        "count": len(unseen),
        "f1": max(differences),
        "agreement": min(agreements),
    }


def _column(column: GridColumn, gold: np.ndarray) -> dict[str, Any]:
    return {
        "density": column.density,
        "scalings": column.scalings.tolist(),
        "text": packed(column.log_probabilities),
        "perplexities": [[None if np.isnan(x) else x for x in pair] for pair in column.perplexities.tolist()],
        "error": checked(column, gold) if len(column.scalings) > ENOUGH else None,
        "complete": column.complete,
    }


def _exact(exact: ExactScore, grid: ScoreGrid) -> dict[str, Any]:
    low, high = scores(grid.labels, grid.gold, exact.log_probabilities).interval
    text = packed(exact.log_probabilities)
    return {"scaling": exact.scaling, "density": exact.density, "text": text, "low": low, "high": high}


def scores(labels: Sequence[str], gold: Sequence[int], found: np.ndarray) -> Scores:
    """The scores of (sentences, labels) probabilities or their logarithms against gold places."""
    predicted = [labels[place] for place in found.argmax(axis=1)]
    return score([labels[place] for place in gold], predicted, labels)


def _macro_f1(scores: np.ndarray, gold: np.ndarray) -> float:
    """Macro-F1 of (sentences, labels) scores against gold places."""
    k = scores.shape[1]
    counts = np.bincount(k * gold + scores.argmax(axis=1), minlength=k * k).reshape(k, k)
    return float(f1_per_class(counts).mean())


def _layers(grid: ScoreGrid, density: float) -> Sequence[tuple[str, float, float]]:
    """The layers measured at this density, else at the nearest one."""
    if not grid.layers:
        return ()
    return grid.layers[min(grid.layers, key=lambda other: abs(other - density))]


def _density_hint(method: MergeMethod, turns: bool) -> str:
    if turns:
        return words.HELP["density_hint"]
    readers = [other.label for other in MergeMethod if "density" in other.reads]
    if method.label in readers:
        return words.HELP["density_fixed"]
    return words.HELP["density_off"].format(method=method.label, readers=", ".join(readers))


def _dial(name: str, value: float, active: bool, hint: str) -> dict[str, Any]:
    declared = MergeSpec.parameters()[name]
    return {"low": declared.low, "high": declared.high, "value": value, "active": active, "hint": hint}
