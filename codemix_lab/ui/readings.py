"""What the explorer draws: points of a curve as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from codemix_lab.evaluation.curve import LambdaCurve
from codemix_lab.evaluation.curve_points import CurvePoint

COLUMNS = ["scaling", "macro_f1", "low", "high", "code_mixed_perplexity", "monolingual_perplexity", "exact"]
STEP = 0.05
ENOUGH = 3
"""Exact points that a prediction needs."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A curve with its points: exact at the nodes, predicted in between; `complete` once no more will come."""

    curve: LambdaCurve
    points: tuple[CurvePoint, ...]
    complete: bool

    def exact(self, scaling: float) -> CurvePoint | None:
        """The exact point at this λ, if it is a node."""
        return next((p for p in self.points if p.exact and abs(p.scaling - scaling) < 1e-9), None)

    def at(self, scaling: float) -> CurvePoint | None:
        """The point at this λ, predicted where it is no node; None while the curve is too coarse for that."""
        return self.curve.at(scaling) if len(self.curve.nodes) >= ENOUGH else self.exact(scaling)


def read_curve(curve: LambdaCurve, complete: bool, between: bool = True) -> Reading:
    """Score a curve at its nodes, and every .05 in between: some tens of milliseconds a point."""
    nodes = [node.scaling for node in curve.nodes]
    grid = np.arange(nodes[0], nodes[-1], STEP).tolist() if between and len(nodes) >= ENOUGH else []
    apart = [x for x in grid if min(abs(x - node) for node in nodes) > STEP / 4]
    return Reading(curve, tuple(curve.at(x) for x in sorted([*nodes, *apart])), complete)


def points_table(points: Iterable[CurvePoint]) -> pd.DataFrame:
    """One row a point, in `COLUMNS`; what is unknown is NaN."""
    rows = [
        (
            p.scaling,
            p.macro_f1,
            *p.interval,
            _known(p.code_mixed_perplexity),
            _known(p.monolingual_perplexity),
            p.exact,
        )
        for p in points
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype(dict.fromkeys(COLUMNS[:-1], float) | {"exact": bool})


def _known(value: float | None) -> float:
    return math.nan if value is None else value
