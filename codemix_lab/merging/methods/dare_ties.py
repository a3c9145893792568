"""DARE-TIES: drop by chance as DARE, then elect signs and merge as TIES (arXiv 2311.03099, 2306.01708)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from codemix_lab.merging.methods.dare import dropped
from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.ties import elect_and_merge


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """Elect and merge what the drop leaves."""
    return elect_and_merge(dropped(deltas, piece), piece.weights, piece.recipe.preset, piece.majority)
