"""TIES: trim, elect sign, disjoint merge, by the rules of a preset (Yadav et al. 2023, arXiv 2306.01708)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.ties import elect_and_merge, keep_at_least


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """Steps 1 to 3 on one piece; the thresholds are those of its scope."""
    trimmed = [keep_at_least(delta, least) for delta, least in zip(deltas, piece.least, strict=True)]
    return elect_and_merge(trimmed, piece.weights, piece.recipe.preset, piece.majority)
