"""TIES → FT: θ_base + λ·TIES(τ) (Yadav et al. 2023, arXiv 2306.01708), then fine-tune."""

from __future__ import annotations

from codemix_lab.config import MergeMethod, RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Trim, elect sign, merge, then fine-tune."""
    start = spec.merge(method=MergeMethod.TIES)
    return bench.outcome(spec, bench.fine_tune(spec, start))
