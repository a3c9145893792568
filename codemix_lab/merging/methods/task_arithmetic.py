"""Task Arithmetic: Σ wᵢ·τᵢ (Ilharco et al. 2023, arXiv 2212.04089)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.task_arithmetic import total, weighted


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """The weighted sum of the changes."""
    return total(weighted(deltas, piece.weights))
