"""TIES: trim, elect sign, disjoint merge (Yadav et al. 2023, arXiv 2306.01708, algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codemix_lab.config import TiesPreset
from codemix_lab.merging.task_arithmetic import total, weighted


def kth_largest(magnitudes: Tensor, k: int) -> float:
    """The k-th largest of n ≥ k ≥ 1 magnitudes of any shape.

    >>> kth_largest(torch.tensor([0.5, 0.0, 1.0, 2.0]), 2)
    1.0
    """
    flat = magnitudes.flatten()
    rank = flat.numel() - k
    if flat.device.type != "cpu":
        return flat.kthvalue(rank + 1).values.item()
    values = flat.to(torch.float32, copy=True).numpy()
    values.partition(rank)
    return float(values[rank])


def keep_at_least(delta: Tensor, threshold: float) -> Tensor:
    """`delta` with every element smaller in magnitude than `threshold` set to zero.

    >>> keep_at_least(torch.tensor([0.5, 0.0, -1.0, 2.0]), 1.0).tolist()
    [0.0, 0.0, -1.0, 2.0]
    """
    return torch.where(delta.abs() >= threshold, delta, 0.0)


def trim(delta: Tensor, density: float) -> Tensor:
    """Keep the largest changes of a tensor, reset the others to zero (step 1).

    Keeps |δ| ≥ the k-th largest magnitude, k = `TiesPreset.LAB.keeps(n, density)`. All elements that tie with it
    are kept, so the result depends on values only and never on their order.

    >>> trim(torch.tensor([0.5, 0.0, -1.0, 2.0]), 0.5).tolist()
    [0.0, 0.0, -1.0, 2.0]
    """
    return trim_together([delta], density)[0]


def trim_together(deltas: Sequence[Tensor], density: float) -> list[Tensor]:
    """`trim` with one threshold over all tensors of a task vector, as the paper's own code does.

    >>> weight, bias = torch.tensor([3.0, -2.0]), torch.tensor([0.5, 1.0])
    >>> [t.tolist() for t in trim_together([weight, bias], 0.5)]
    [[3.0, -2.0], [0.0, 0.0]]
    """
    size = sum(delta.numel() for delta in deltas)
    if size == 0:
        return [delta.clone() for delta in deltas]
    threshold = kth_largest(
        torch.cat([delta.abs().flatten() for delta in deltas]), TiesPreset.LAB.keeps(size, density)
    )
    return [keep_at_least(delta, threshold) for delta in deltas]


def elect_sign(deltas: Sequence[Tensor]) -> Tensor:
    """The sign, +1 or −1, of the larger total change at every element (step 2).

    The sign of the sum. A sum of exactly zero elects +1, as in mergekit; the paper's code takes the
    majority over the whole model there, which would make one element depend on all others.

    >>> elect_sign([torch.tensor([1.0, -3.0, 1.0, 0.0]), torch.tensor([2.0, 1.0, -1.0, 0.0])]).tolist()
    [1.0, -1.0, 1.0, 1.0]
    """
    summed = total(deltas)
    return torch.where(summed >= 0, 1.0, -1.0).to(summed.dtype)


def disjoint_mean(deltas: Sequence[Tensor], sign: Tensor) -> Tensor:
    """Mean of the changes that have the elected sign; zeros and the others do not count (step 3).

    >>> deltas = [torch.tensor([1.0, -3.0, 1.0, 0.0]), torch.tensor([2.0, 1.0, -1.0, 0.0])]
    >>> disjoint_mean(deltas, torch.tensor([1.0, -1.0, 1.0, 1.0])).tolist()
    [1.5, -3.0, 1.0, 0.0]
    """
    agreeing = [delta * sign > 0 for delta in deltas]
    summed = total([torch.where(agrees, delta, 0.0) for delta, agrees in zip(deltas, agreeing, strict=True)])
    count = total([agrees.to(summed.dtype) for agrees in agreeing])
    return summed / count.clamp(min=1)


def elect_and_mean(deltas: Sequence[Tensor]) -> Tensor:
    """Steps 2 and 3 on trimmed changes of one shape. A single change is its own mean.

    >>> elect_and_mean([torch.tensor([1.0, -3.0, 0.0, 4.0]), torch.tensor([2.0, 1.0, 0.0, 0.0])]).tolist()
    [1.5, -3.0, 0.0, 4.0]
    """
    return deltas[0] if len(deltas) == 1 else disjoint_mean(deltas, elect_sign(deltas))


def elect_and_merge(
    deltas: Sequence[Tensor], weights: Sequence[float], preset: TiesPreset, majority: float = 1.0
) -> Tensor:
    """Steps 2 and 3 by the rules of a preset (`config.presets`) on trimmed, unweighted changes.

    `majority` is the sign elected where the sum is zero, for presets that ask the whole model.

    >>> one, two = torch.tensor([1.0, -3.0, 0.0, 4.0]), torch.tensor([2.0, 1.0, 0.0, 1.0])
    >>> for preset in (TiesPreset.LAB, TiesPreset.FUSION_BENCH, TiesPreset.MERGEKIT):
    ...     elect_and_merge([one, two], [1.0, 0.5], preset).tolist()
    [1.0, -3.0, 0.0, 2.25]
    [2.0, -3.0, 0.0, 4.5]
    [1.3333..., -3.0, 0.0, 3.0]
    """
    changes = weighted(deltas, weights)
    if len(changes) == 1 and preset.merge != "weighted-mean":
        return changes[0]
    sign = elected(deltas, changes, preset, majority)
    voters = deltas if preset.elect in ("sum", "frequency") else changes
    agreeing = [voter * sign > 0 for voter in voters]
    summed = total([torch.where(agrees, c, 0.0) for agrees, c in zip(agreeing, changes, strict=True)])
    if preset.merge == "sum":
        return summed
    if preset.merge == "weighted-mean":
        share = total([agrees.to(summed.dtype) * w for agrees, w in zip(agreeing, weights, strict=True)])
        return summed / torch.where(share == 0, 1.0, share)
    return summed / total([agrees.to(summed.dtype) for agrees in agreeing]).clamp(min=1)


def elected(
    deltas: Sequence[Tensor], changes: Sequence[Tensor], preset: TiesPreset, majority: float = 1.0
) -> Tensor:
    """The sign, +1 or −1, that a preset elects from unweighted and weighted changes of one shape."""
    summed = vote(deltas, changes, preset)
    tie = majority if preset.zero == "majority" else 1.0
    decided = torch.where(summed > 0, 1.0, -1.0)
    return torch.where(summed == 0, torch.tensor(tie, device=summed.device), decided)


def vote(deltas: Sequence[Tensor], changes: Sequence[Tensor], preset: TiesPreset) -> Tensor:
    """What the sign is taken of: the sum of weighted changes, of plain ones, or of their signs."""
    if preset.elect == "frequency":
        return total([delta.sign() for delta in deltas])
    return total(deltas if preset.elect == "sum" else changes)


def ties(deltas: Sequence[Tensor], density: float) -> Tensor:
    """All three steps on the changes of one tensor, one per task vector.

    >>> one, two = torch.tensor([4.0, -3.0, 1.0, 0.0]), torch.tensor([2.0, 5.0, -1.0, 0.5])
    >>> ties([one, two], 0.5).tolist()
    [3.0, 5.0, 0.0, 0.0]
    """
    return elect_and_mean([trim(delta, density) for delta in deltas])
