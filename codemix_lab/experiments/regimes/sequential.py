"""Sequential fine-tuning: the English task first, then the code-mixed one."""

from __future__ import annotations

from codemix_lab.config import RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome
from codemix_lab.experiments.regimes.labels import same_labels


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Fine-tune the English classifier further; its head goes on where both tasks have the same labels."""
    stage = bench.english_stage(spec)
    keeps = same_labels(spec, bench)
    trained = bench.fine_tune(spec, str(stage), head=stage if keeps else None)
    return bench.outcome(spec, trained, head="kept from English" if keeps else "new")
