"""Regimes held against each other: means, paired differences, corrected p-values and the seeds a claim needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from codemix_lab.errors import SpecError
from codemix_lab.evaluation.across_seeds import (
    PairedSeeds,
    mean_difference_interval,
    paired_seeds,
    power,
    seeds_needed,
)
from codemix_lab.evaluation.metrics import seed_interval
from codemix_lab.evaluation.paired import holm
from codemix_lab.experiments.run import Run

CLAIMS = (0.01, 0.02, 0.05)
"""Differences in macro-F1 that power is told for: the sizes of the paper's claims."""

_NO_SPREAD = 1e-9
"""Runs that all say the same, such as those of one class, tell nothing of the spread between seeds."""

Runs = Mapping[str, Mapping[int, Run]]
"""Runs by name of the row and by seed."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Rows held against `reference` on one split.

    `scores` has name, n, mean, low, high (over seeds), sd, and item_low, item_high: the mean 95 %
    bootstrap interval of one seed over sentences. `differences` has name, n, difference, low, high, sd
    (over seeds), item_low, item_high (over sentences), p_t, p_flip, p_holm, and for each of `CLAIMS`
    the seeds it needs and the power there is. `corrected` counts the comparisons in Holm's correction.
    """

    reference: str
    split: str
    scores: pd.DataFrame
    differences: pd.DataFrame
    corrected: int


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows of a table, each with its columns as attributes."""
    return list(frame.itertuples(index=False))


def scores_of(runs: Runs, split: str) -> pd.DataFrame:
    """The table `Comparison.scores` of all rows that have a run with this split; no row, no columns."""
    scored = _scored(runs, split)
    return pd.DataFrame([_score(name, rows, split) for name, rows in scored.items()])


def compare_regimes(runs: Runs, reference: str, split: str = "test") -> Comparison:
    """All rows against one, over the seeds that both have.

    Holm's correction runs over the p-values of the paired t-test of this table. Raises `SpecError`
    when the reference has no run on this split.
    """
    scored = _scored(runs, split)
    if reference not in scored:
        raise SpecError(f"“{reference}” has no run with a {split} score to hold the others against.")
    scores = scores_of(runs, split)
    others = [name for name in scored if name != reference and set(scored[name]) & set(scored[reference])]
    rows = [_difference(name, scored[reference], scored[name], split) for name in others]
    tested = [row["p_t"] for row in rows if not math.isnan(row["p_t"])]
    corrected = iter(holm(tested))
    for row in rows:
        row["p_holm"] = math.nan if math.isnan(row["p_t"]) else next(corrected)
    return Comparison(reference, split, scores, pd.DataFrame(rows), len(tested))


def _scored(runs: Runs, split: str) -> dict[str, dict[int, Run]]:
    scored = {name: {s: r for s, r in rows.items() if split in r.metrics} for name, rows in runs.items()}
    return {name: rows for name, rows in scored.items() if rows}


def _score(name: str, rows: Mapping[int, Run], split: str) -> dict[str, Any]:
    values = [rows[seed].metrics[split].macro_f1 for seed in sorted(rows)]
    mean, low, high = seed_interval(values)
    ends = [rows[seed].metrics[split].interval for seed in rows]
    return {
        "name": name,
        "n": len(values),
        "mean": mean,
        "low": low,
        "high": high,
        "sd": float(pd.Series(values).std()) if len(values) > 1 else math.nan,
        "item_low": sum(low for low, _ in ends) / len(ends),
        "item_high": sum(high for _, high in ends) / len(ends),
    }


def _difference(
    name: str, reference: Mapping[int, Run], rows: Mapping[int, Run], split: str
) -> dict[str, Any]:
    seeds = sorted(set(reference) & set(rows))
    a, b = ([run[seed].metrics[split].macro_f1 for seed in seeds] for run in (reference, rows))
    found = paired_seeds(a, b)
    _, item_low, item_high = _over_items([reference[s] for s in seeds], [rows[s] for s in seeds], split)
    return {
        "name": name,
        "n": found.n,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "sd": found.sd,
        "item_low": item_low,
        "item_high": item_high,
        "p_t": found.p_t,
        "p_flip": found.p_flip,
        "p_holm": math.nan,
        **_claims(found),
    }


def _claims(found: PairedSeeds) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for claim in CLAIMS:
        known = found.sd > _NO_SPREAD
        told[f"seeds for {100 * claim:g}"] = seeds_needed(claim, found.sd) if known else None
        told[f"power for {100 * claim:g}"] = power(claim, found.sd, found.n) if known else math.nan
    return told


def _over_items(a: Sequence[Run], b: Sequence[Run], split: str) -> tuple[float, float, float]:
    """NaN where the two were not scored on the same sentences."""
    frames = [[run.predictions(split) for run in runs] for runs in (a, b)]
    gold = frames[0][0]["gold"].tolist()
    if any(frame["gold"].tolist() != gold for side in frames for frame in side):
        return (math.nan,) * 3
    first, second = ([frame["predicted"].tolist() for frame in side] for side in frames)
    return mean_difference_interval(gold, first, second, a[0].metrics[split].labels)
