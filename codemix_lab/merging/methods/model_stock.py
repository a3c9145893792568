"""Model Stock: the average of the checkpoints, pulled towards the base (Jang et al. 2024, arXiv 2403.19522)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.task_arithmetic import total, weighted


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """t·mean(τ), t = N·cos θ ÷ (1 + (N − 1)·cos θ), θ the mean angle between task vectors in this tensor.

    A cosine with a zero change counts as 0; t is not taken below 0.
    """
    changes = weighted(deltas, piece.weights)
    pairs = [_cosine(one, two) for one, two in combinations(changes, 2)]
    cosine = max(0.0, sum(pairs) / len(pairs))
    count = len(changes)
    return total(changes) * (cosine / (1 + (count - 1) * cosine))


def _cosine(one: Tensor, two: Tensor) -> float:
    lengths = [torch.linalg.vector_norm(tensor, dtype=torch.float64).item() for tensor in (one, two)]
    product = lengths[0] * lengths[1]
    return (one.double() * two.double()).sum().item() / product if product else 0.0
