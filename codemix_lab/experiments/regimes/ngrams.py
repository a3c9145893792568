"""The plain baseline: character n-grams and a logistic regression, on the same train sentences."""

from __future__ import annotations

import pandas as pd

from codemix_lab.config import RunSpec
from codemix_lab.evaluation.ngram_baseline import ngram_baseline
from codemix_lab.experiments.regimes.bench import Bench, Outcome, Predictor


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Fit on the train sentences of the run; a second for a thousand of them. With further ones it is fitted anew."""
    rows, labels = bench.train_rows(spec), bench.task(spec.task).labels

    def fitted(train: pd.DataFrame) -> Predictor:
        texts, gold = list(train["text"]), list(train["label"])
        return lambda asked: ngram_baseline(texts, gold, asked, labels)

    return Outcome(
        fitted(rows),
        {"train_sentences": len(rows)},
        goes_on=lambda further: fitted(pd.concat([rows, further], ignore_index=True)),
    )
