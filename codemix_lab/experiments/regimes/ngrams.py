"""The plain baseline: character n-grams and a logistic regression, on the same train sentences."""

from __future__ import annotations

from codemix_lab.config import RunSpec
from codemix_lab.evaluation.ngram_baseline import ngram_baseline
from codemix_lab.experiments.regimes.bench import Bench, Outcome


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Fit on the train sentences of the run; a second for a thousand of them."""
    rows, labels = bench.train_rows(spec), bench.task(spec.task).labels
    texts, gold = list(rows["text"]), list(rows["label"])
    return Outcome(lambda asked: ngram_baseline(texts, gold, asked, labels), {"train_sentences": len(rows)})
