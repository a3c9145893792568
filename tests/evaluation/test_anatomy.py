"""Task vectors by layer: relative lengths, from input to output."""

from __future__ import annotations

import pytest
import torch

from codemix_lab.evaluation import anatomy


def test_layers_come_in_order_with_their_relative_change() -> None:
    base = {
        "encoder.layer.1.w": torch.ones(4),
        "encoder.layer.0.w": torch.ones(4),
        "embeddings.w": torch.ones(4),
        "head.w": torch.ones(4),
    }
    moved = {name: values * (1.5 if "layer.0" in name else 1.1) for name, values in base.items()} | {
        "head.w": base["head.w"]
    }
    change = anatomy.squares(base, moved)
    half = {name: square / 4 for name, square in change.items()}
    rows = anatomy.layer_rows(anatomy.squares(base), change, half)
    assert [layer for layer, _, _ in rows] == ["embeddings", "layer 1", "layer 2"]
    assert [whole for _, whole, _ in rows] == pytest.approx([0.1, 0.5, 0.1])
    assert [kept for _, _, kept in rows] == pytest.approx([0.05, 0.25, 0.05])
