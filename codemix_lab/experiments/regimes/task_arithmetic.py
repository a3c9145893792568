"""Task Arithmetic → FT: θ_base + λ·τ (Ilharco et al. 2023, arXiv 2212.04089), then fine-tune."""

from __future__ import annotations

from codemix_lab.config import MergeMethod, RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Merge, then fine-tune."""
    start = spec.merge(method=MergeMethod.TASK_ARITHMETIC)
    return bench.outcome(spec, bench.fine_tune(spec, start))
