"""Linear: Σ wᵢ·τᵢ ÷ Σ wᵢ, which at λ = 1 is the weighted average of the checkpoints (arXiv 2203.05482)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.task_arithmetic import total, weighted


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """The weighted mean of the changes."""
    return total(weighted(deltas, piece.weights)) / sum(piece.weights)
