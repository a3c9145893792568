"""What a merge method knows of the piece of a tensor that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from codemix_lab.merging.recipe import Recipe


@dataclass(frozen=True)
class Piece:
    """A tensor, or a run of its elements unless the method wants it whole.

    `least` and `below` bound the magnitudes that each task vector keeps: least ≤ |δ| < below.
    `majority` is the sign that wins where the changes add up to zero. `factor` is λ for this tensor.
    """

    name: str
    base: Tensor
    recipe: Recipe
    factor: float
    least: Sequence[float]
    below: Sequence[float]
    majority: float = 1.0

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each task vector."""
        return self.recipe.shares(len(self.least))
