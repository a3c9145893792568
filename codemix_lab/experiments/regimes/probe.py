"""Frozen probe: logistic regression on the mean hidden state of a model that is not trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from codemix_lab.config import RunSpec
from codemix_lab.evaluation.features import mean_features, tokenise
from codemix_lab.evaluation.probe import fit_probe
from codemix_lab.experiments.regimes.bench import Bench, Outcome, Predictor
from codemix_lab.merging.recipe import Recipe
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.devices import autocast, device
from codemix_lab.models.loading import load_backbone, load_tokenizer


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Features of the base or of the merge, then the probe. With further sentences the probe is fitted anew."""
    base = open_checkpoint(spec.base)
    model: Any = load_backbone(base).to(device())
    if spec.adapted:
        merge = spec.merge()
        live = bench.merge(merge.base, merge.adapted).live
        model.load_state_dict(live.snapshot(Recipe.of(merge)), strict=False)
    tokenizer = load_tokenizer(base)

    def features(texts: Sequence[str]) -> np.ndarray:
        with autocast():
            pieces = tokenise(tokenizer, texts, spec.max_length)
            return mean_features(model, pieces, on_progress=bench.on_progress, should_stop=bench.should_stop)

    rows = bench.train_rows(spec)

    def fitted(train: pd.DataFrame) -> Predictor:
        labels = bench.task(spec.task).labels
        probe = fit_probe(features(list(train["text"])), list(train["label"]), labels=labels)
        return lambda texts: probe.probabilities(features(texts))

    return Outcome(
        fitted(rows),
        {"train_sentences": len(rows)},
        goes_on=lambda further: fitted(pd.concat([rows, further], ignore_index=True)),
    )
