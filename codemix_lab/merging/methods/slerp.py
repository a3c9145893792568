"""SLERP: from base to adapted along the arc between them (Shoemake 1985)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from codemix_lab.merging.methods.piece import Piece

_STRAIGHT = 0.9995
"""Cosine from which on the arc is a line, as in mergekit."""


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """The change δ for which θ_base + λ·δ is sin((1−λ)Ω)/sin Ω·θ_base + sin(λΩ)/sin Ω·θ_adapted.

    Ω is the angle between the two tensors, taken as vectors. Where they point the same way, or one of
    them is zero, the way is a straight line.
    """
    delta, t = deltas[0] * piece.weights[0], piece.factor
    base = piece.base.to(torch.float32)
    adapted = base + delta
    lengths = _length(base) * _length(adapted)
    cosine = (base.double() * adapted.double()).sum().item() / lengths if lengths else 1.0
    if t == 0 or abs(cosine) > _STRAIGHT:
        return delta
    angle = math.acos(cosine)
    from_base, from_adapted = math.sin((1 - t) * angle), math.sin(t * angle)
    moved = (base * (from_base / math.sin(angle)) + adapted * (from_adapted / math.sin(angle))) - base
    return moved / t


def _length(tensor: Tensor) -> float:
    return torch.linalg.vector_norm(tensor, dtype=torch.float64).item()
