"""Which magnitudes a recipe keeps: ranks by scope, and the reference that finds them by selection."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from codemix_lab.config import TrimScope
from codemix_lab.merging.modules import layer_groups
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.ties import kth_largest


def pools(names: Sequence[str], scope: TrimScope) -> list[list[int]]:
    """Positions of the tensors that share one density budget.

    >>> pools(["layer.0.a", "layer.0.b", "layer.1.a"], TrimScope.LAYER)
    [[0, 1], [2]]
    """
    if scope is TrimScope.GLOBAL:
        return [list(range(len(names)))]
    return layer_groups(names) if scope is TrimScope.LAYER else [[place] for place in range(len(names))]


def trims(recipe: Recipe) -> bool:
    """Whether the recipe leaves changes out by their magnitude."""
    return "scope" in recipe.method.reads and recipe.density < 1


def ranks(recipe: Recipe, size: int) -> tuple[int, int]:
    """Rank of the smallest change kept of `size`, and how many larger ones are left out.

    >>> ranks(Recipe(1.0, 0.5), 8)
    (4, 0)
    >>> ranks(Recipe(1.0, 0.5, "breadcrumbs", options=(("outliers", 0.25),)), 8)
    (6, 2)
    """
    top = int(recipe.option("outliers") * size) if "outliers" in recipe.method.option_names else 0
    top = min(top, max(0, size - 1))
    return min(size, top + recipe.preset.keeps(size, recipe.density)), top


def bounds(
    changes: Sequence[Tensor], names: Sequence[str], recipe: Recipe
) -> tuple[list[float], list[float]]:
    """For each tensor of one task vector: smallest magnitude kept, and the one from which on none is.

    >>> bounds([torch.tensor([0.5, 0.0, -1.0, 2.0])], ["w"], Recipe(1.0, 0.5))
    ([1.0], [inf])
    """
    least, below = [0.0] * len(names), [math.inf] * len(names)
    if not trims(recipe):
        return least, below
    for pool in pools(names, recipe.scope):
        together = torch.cat([changes[place].abs().flatten() for place in pool]) if pool else torch.empty(0)
        if together.numel():
            lowest, top = ranks(recipe, together.numel())
            smallest = kth_largest(together, lowest)
            largest = kth_largest(together, top) if top else math.inf
            for place in pool:
                least[place], below[place] = smallest, largest
    return least, below
