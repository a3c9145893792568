"""The reference merge: short, slow enough to be plain, and what the live engine is tested against."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from codemix_lab.config import MergeMethod, TrimScope
from codemix_lab.errors import SpecError
from codemix_lab.merging.flat import FlatLayout, check_finite
from codemix_lab.merging.task_arithmetic import add_scaled, total
from codemix_lab.merging.ties import elect_and_mean, trim, trim_together


@torch.no_grad()
def merge(
    base: Mapping[str, Tensor],
    task_vectors: Sequence[Mapping[str, Tensor]],
    method: MergeMethod,
    scaling: float,
    density: float = 1.0,
    scope: TrimScope = TrimScope.TENSOR,
) -> dict[str, Tensor]:
    """θ_merged = θ_base + λ·combine(τ₁ … τₙ) for every floating tensor (arXiv 2510.19782).

    Task arithmetic sums the task vectors and knows no density; TIES trims each to its `density`
    in (0, 1], elects signs and takes the disjoint mean. Returns new tensors under the base's
    names, in the base's dtypes; tied names share one tensor, integer tensors are copied.

    Raises `SpecError` for values out of range, `IncompatibleError` when names or shapes differ,
    and `CheckpointError` for NaN or infinite values.

    >>> base, tau = {"w": torch.ones(4)}, {"w": torch.tensor([4.0, -3.0, 1.0, 0.0])}
    >>> merge(base, [tau], MergeMethod.TIES, 0.5, density=0.5)["w"].tolist()
    [3.0, -0.5, 1.0, 1.0]
    """
    check_parameters(len(task_vectors), scaling, density)
    method, scope = MergeMethod(method), TrimScope(scope)
    layout = FlatLayout.of(base)
    for name in layout.names:
        check_finite(base[name], name, "the base checkpoint")
    vectors = [_changes(layout, base, tau, whose(i)) for i, tau in enumerate(task_vectors)]
    if method is MergeMethod.TIES:
        vectors = [_trimmed(changes, density, scope) for changes in vectors]

    merged = {name: tensor.clone() for name, tensor in base.items() if not tensor.is_floating_point()}
    for name, *deltas in zip(layout.names, *vectors, strict=True):
        merged[name] = add_scaled(base[name], combine(deltas, method), scaling)
    merged |= {name: merged[first] for name, first in layout.aliases}
    return {name: merged[name] for name in base}


def combine(deltas: Sequence[Tensor], method: MergeMethod) -> Tensor:
    """One change out of several, already trimmed, of one shape: their sum, or TIES's disjoint mean."""
    return elect_and_mean(deltas) if method is MergeMethod.TIES else total(deltas)


def check_parameters(count: int, scaling: float, density: float) -> None:
    """Raise `SpecError` unless there is a task vector, λ is finite and density lies in (0, 1]."""
    if count == 0:
        raise SpecError("a merge needs at least one adapted checkpoint: name one in the field adapted.")
    if not math.isfinite(scaling):
        raise SpecError(f"scaling = {scaling} is no finite number: choose a λ such as 0.6.")
    if not 0 < density <= 1:
        raise SpecError(f"density = {density} is out of range: choose more than 0 and at most 1.")


def whose(position: int) -> str:
    """How messages call the task vector at a position counted from zero."""
    return f"task vector {position + 1}"


def _changes(
    layout: FlatLayout, base: Mapping[str, Tensor], tau: Mapping[str, Tensor], owner: str
) -> list[Tensor]:
    layout.check(tau, owner)
    for name in layout.names:
        check_finite(tau[name], name, owner)
    return [tau[name].to(base[name].device, torch.float32) for name in layout.names]


def _trimmed(changes: list[Tensor], density: float, scope: TrimScope) -> list[Tensor]:
    if density == 1:
        return changes
    if scope is TrimScope.GLOBAL:
        return trim_together(changes, density)
    return [trim(delta, density) for delta in changes]
