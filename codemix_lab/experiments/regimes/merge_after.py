"""Merge after fine-tuning: θ_ft + λ·τ, the head as it was trained on θ_ft."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch

from codemix_lab.config import RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome
from codemix_lab.merging.recipe import Recipe
from codemix_lab.models.loading import backbone


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Fine-tune the base, then add what the merge changes in it."""
    trained = bench.fine_tune(spec, spec.base)
    merge = spec.merge()
    opened = bench.merge(merge.base, merge.adapted)
    base, merged = (opened.live.snapshot(Recipe.of(merge.replace(scaling=x))) for x in (0.0, merge.scaling))
    moved = copy.deepcopy(trained.model)
    state = backbone(moved).state_dict()
    with torch.no_grad():
        for name, tensor in merged.items():
            if name in state and tensor.is_floating_point():
                state[name].add_(tensor - base[name])
    return bench.outcome(spec, replace(trained, model=moved))
