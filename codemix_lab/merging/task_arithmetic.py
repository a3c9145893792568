"""Task arithmetic: add scaled task vectors to a base (Ilharco et al. 2023, arXiv 2212.04089)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def add_scaled(base: Tensor, delta: Tensor, scaling: float) -> Tensor:
    """θ + λ·δ as a new tensor of the base's dtype, computed in float32 (arXiv 2510.19782, the merge step).

    The product is rounded before the sum: two roundings, the same on every processor. A fused
    multiply-add, as `torch.add(alpha=...)` uses, differs in the last bit from one machine to the
    next. λ = 0 returns the base bit for bit.

    >>> add_scaled(torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.5, 0.0, -1.0, 2.0]), 0.5).tolist()
    [1.25, 2.0, 2.5, 5.0]
    """
    if scaling == 0:
        return base.clone()
    return (base.to(torch.float32) + delta.to(torch.float32) * scaling).to(base.dtype)


def total(deltas: Sequence[Tensor]) -> Tensor:
    """Sum of changes of one shape, added from first to last.

    >>> total([torch.tensor([1.0, 0.0, -2.0, 3.0]), torch.tensor([0.5, 1.0, 2.0, 0.0])]).tolist()
    [1.5, 1.0, 0.0, 3.0]
    """
    result = deltas[0]
    for delta in deltas[1:]:
        result = result + delta
    return result


def weighted(deltas: Sequence[Tensor], weights: Sequence[float]) -> list[Tensor]:
    """Each change times its weight; negative weights unlearn (arXiv 2212.04089, forgetting by negation).

    >>> [t.tolist() for t in weighted([torch.tensor([4.0, -3.0]), torch.tensor([1.0, 0.5])], [1.0, -2.0])]
    [[4.0, -3.0], [-2.0, -1.0]]
    """
    return [d if weight == 1 else d * weight for d, weight in zip(deltas, weights, strict=True)]
