"""What the explorer draws: points of a curve as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from codemix_lab.config import MergeSpec
from codemix_lab.evaluation.curve import LambdaCurve
from codemix_lab.evaluation.curve_points import CurvePoint
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.evaluation.metrics import score

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


def read_curve(curve: LambdaCurve, complete: bool) -> Reading:
    """Score a curve at its nodes, and every .05 in between: some tens of milliseconds a point."""
    nodes = [node.scaling for node in curve.nodes]
    grid = np.arange(nodes[0], nodes[-1], STEP).tolist() if len(nodes) >= ENOUGH else []
    apart = [x for x in grid if min(abs(x - node) for node in nodes) > STEP / 4]
    return Reading(curve, tuple(curve.at(x) for x in sorted([*nodes, *apart])), complete)


def scored_point(scorer: MergeScorer, spec: MergeSpec) -> CurvePoint:
    """The exact scores of one merge without pseudo-perplexity, which takes twice as long as all the rest."""
    gold = list(scorer.score_rows["label"])
    frame = scorer.answer(spec, list(scorer.score_rows["text"]))
    scores = score(gold, list(frame["predicted"]), scorer.labels)
    return CurvePoint(
        scaling=spec.scaling,
        macro_f1=scores.macro_f1,
        interval=scores.interval,
        per_class=scores.per_class,
        confusion=scores.confusion,
        probabilities=frame[[f"p_{label}" for label in scorer.labels]].to_numpy(),
        code_mixed_perplexity=None,
        monolingual_perplexity=None,
        exact=True,
    )


def joined(exact: CurvePoint | None, curve: CurvePoint | None) -> CurvePoint | None:
    """An exact score with the perplexities that the curve gives there; either alone where the other is missing."""
    if exact is None or curve is None:
        return exact or curve
    return replace(
        exact,
        code_mixed_perplexity=curve.code_mixed_perplexity,
        monolingual_perplexity=curve.monolingual_perplexity,
    )


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
