"""How far each layer of a model moved: the task vector's length by layer, against the base's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from torch import Tensor

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


def layer_table(
    base: Mapping[str, float], whole: Mapping[str, float], kept: Mapping[str, float]
) -> pd.DataFrame:
    """Columns layer, base_norm, norm (‖τ‖), change (‖τ‖ / ‖base‖) and kept (the same at the dials), input first."""
    rows: list[dict[str, Any]] = [
        {
            "layer": layer,
            "base_norm": math.sqrt(square),
            "norm": math.sqrt(whole[layer]),
            "change": math.sqrt(whole[layer] / square),
            "kept": math.sqrt(kept[layer] / square),
        }
        for layer, square in base.items()
        if square and whole[layer]
    ]
    rows.sort(key=lambda row: _place(row["layer"]))
    return pd.DataFrame(rows)


def _place(layer: str) -> tuple[int, int]:
    number = layer.removeprefix("layer ")
    return (1, int(number)) if number.isdigit() else (0 if layer == "embeddings" else 2, 0)
