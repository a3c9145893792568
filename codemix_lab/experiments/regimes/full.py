"""Full fine-tuning, the regime that all others are held against: θ_base → fine-tune."""

from __future__ import annotations

from codemix_lab.config import RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Fine-tune the base."""
    return bench.outcome(spec, bench.fine_tune(spec, spec.base))
