"""CPT → FT: fine-tune the checkpoint after continued pre-training, all of its changes kept."""

from __future__ import annotations

from codemix_lab.config import MergeMethod, RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """θ_base + 1·τ is the adapted checkpoint; of several, the task vectors are added."""
    start = spec.merge(method=MergeMethod.TASK_ARITHMETIC).replace(scaling=1.0)
    return bench.outcome(spec, bench.fine_tune(spec, start))
