"""Several sources: θ_base + λ·(τ_cpt + τ_en), or their TIES merge, then fine-tune."""

from __future__ import annotations

from codemix_lab.config import RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """τ_en is what the fine-tune on the English task changed; its head is left behind."""
    start = spec.merge(*spec.adapted, str(bench.english_stage(spec)))
    return bench.outcome(spec, bench.fine_tune(spec, start))
