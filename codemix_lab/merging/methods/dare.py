"""DARE: drop each change with the chance 1 − density, divide the rest by the density (Yu et al. 2024, arXiv 2311.03099)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.task_arithmetic import total, weighted


def combine(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """The weighted sum of what the drop leaves, scaled up to keep its expected value."""
    return total(weighted(dropped(deltas, piece), piece.weights))


def dropped(deltas: Sequence[Tensor], piece: Piece) -> list[Tensor]:
    """Each change times a mask of its own, over the density.

    The mask depends on seed, position of the task vector, and name and size of the tensor alone:
    the same on every device, and one density keeps what a smaller one keeps.
    """
    density = piece.recipe.density
    if density == 1:
        return list(deltas)
    return [
        torch.where(chances(delta, piece, place) < density, delta / density, 0.0)
        for place, delta in enumerate(deltas)
    ]


def chances(delta: Tensor, piece: Piece, place: int) -> Tensor:
    """Numbers in [0, 1), one for each element."""
    key = f"{piece.recipe.seed} {place} {piece.name}".encode()
    generator = torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(key).digest()[:7], "big"))
    return torch.rand(delta.shape, generator=generator).to(delta.device)
