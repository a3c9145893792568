"""Model Breadcrumbs: mask the largest changes and the smallest (Davari & Belilovsky 2024, arXiv 2312.06795)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.task_arithmetic import total, weighted
from codemix_lab.merging.ties import keep_at_least


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """The weighted sum of changes that are neither among the largest nor among the smallest."""
    middle = [
        torch.where(delta.abs() < below, keep_at_least(delta, least), 0.0)
        for delta, least, below in zip(deltas, piece.least, piece.below, strict=True)
    ]
    return total(weighted(middle, piece.weights))
