"""How far each layer of a model moved: the task vector's length by layer, against the base's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from codemix_lab.config import MergeSpec
from codemix_lab.evaluation.shapes import untrimmed
from codemix_lab.progress import ShouldStop, raise_if_stopped

if TYPE_CHECKING:
    from codemix_lab.evaluation.merge_scorer import MergeScorer

Layers = list[tuple[str, float, float]]
"""Rows of (layer, ‖τ‖ / ‖base‖, ‖what the method kept of τ‖ / ‖base‖), input first."""

_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|block)\.(\d+)\.")


def layer_of(name: str) -> str:
    """The layer that a tensor belongs to, by its name.

    >>> layer_of("encoder.layer.3.output.dense.weight"), layer_of("embeddings.word_embeddings.weight")
    ('layer 4', 'embeddings')
    """
    found = _LAYER.search(name)
    if found:
        return f"layer {int(found[1]) + 1}"
    return "embeddings" if "embed" in name or "wte" in name else "other"


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

    λ scales both, so that the rows serve for every λ. Raises `Cancelled`.
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
    return sorted(rows, key=lambda row: _place(row[0]))


def _place(layer: str) -> tuple[int, int]:
    number = layer.removeprefix("layer ")
    return (1, int(number)) if number.isdigit() else (0 if layer == "embeddings" else 2, 0)
