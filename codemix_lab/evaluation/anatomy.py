"""How far each layer of a merged model moved: by the whole task vector, and by what the method keeps of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from codemix_lab.config import MergeSpec
from codemix_lab.evaluation.shapes import untrimmed
from codemix_lab.merging.anatomy import layer_of, layer_place
from codemix_lab.progress import ShouldStop, raise_if_stopped

if TYPE_CHECKING:
    from codemix_lab.evaluation.merge_scorer import MergeScorer

Layers = list[tuple[str, float, float]]
"""Rows of (layer, ‖τ‖ / ‖base‖, ‖what the method kept of τ‖ / ‖base‖), input first."""


def squares(base: Mapping[str, Tensor], other: Mapping[str, Tensor] | None = None) -> dict[str, float]:
    """Sum of squares by layer: of `base`, or of `other` − `base` where another state is given."""
    found: dict[str, float] = {}
    for name, tensor in base.items():
        if tensor.is_floating_point():
            values = tensor if other is None else other[name] - tensor
            length = torch.linalg.vector_norm(values.reshape(-1), dtype=torch.float64).item()
            found[layer_of(name)] = found.get(layer_of(name), 0.0) + length**2
    return found


def layers(scorer: MergeScorer, spec: MergeSpec, should_stop: ShouldStop | None = None) -> Layers:
    """How far each layer moves at λ = 1: by the whole task vector, and by what `spec` keeps of it.

    λ scales both, so that the rows serve for every λ (along the arc of SLERP nearly). Raises `Cancelled`.
    """
    with scorer.model(untrimmed(spec, 0.0)) as model:
        base = {name: values.detach().clone() for name, values in model.named_parameters()}
    lengths = []
    for asked in (untrimmed(spec, 1.0), spec.replace(scaling=1.0)):
        raise_if_stopped(should_stop)
        with scorer.model(asked) as model:
            lengths.append(squares(base, dict(model.named_parameters())))
    return layer_rows(squares(base), *lengths)


def layer_rows(base: Mapping[str, float], whole: Mapping[str, float], kept: Mapping[str, float]) -> Layers:
    """Sums of squares by layer as rows; layers that do not move are left out."""
    rows = [
        (layer, math.sqrt(whole[layer] / square), math.sqrt(kept[layer] / square))
        for layer, square in base.items()
        if square and whole[layer]
    ]
    return sorted(rows, key=lambda row: layer_place(row[0]))
