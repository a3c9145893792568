"""Joint fine-tuning: English and code-mixed sentences in one train set."""

from __future__ import annotations

import pandas as pd

from codemix_lab.config import RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome
from codemix_lab.experiments.regimes.labels import english_rows


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Fine-tune the base on both, as many passes over each."""
    rows = pd.concat([bench.train_rows(spec), english_rows(spec, bench)], ignore_index=True)
    return bench.outcome(spec, bench.fine_tune(spec, spec.base, rows))
