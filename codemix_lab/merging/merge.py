"""The reference merge: short, slow enough to be plain, and what the live engine is tested against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from codemix_lab.config import MergeMethod, TrimScope
from codemix_lab.merging.bounds import bounds
from codemix_lab.merging.flat import FlatLayout, check_finite
from codemix_lab.merging.methods import combine_of
from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.task_arithmetic import add_scaled, weighted
from codemix_lab.merging.ties import keep_at_least, vote


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
    return merge_by(base, task_vectors, Recipe(scaling, density, method, scope))


@torch.no_grad()
def merge_by(
    base: Mapping[str, Tensor], task_vectors: Sequence[Mapping[str, Tensor]], recipe: Recipe
) -> dict[str, Tensor]:
    """The merge that a recipe says, with weights, schedule, preset and any method; raises as `merge`.

    >>> base, tau = {"w": torch.ones(4)}, {"w": torch.tensor([4.0, -3.0, 1.0, 0.0])}
    >>> merge_by(base, [tau], Recipe(1.0, method="linear", weights=(0.5,)))["w"].tolist()
    [5.0, -2.0, 2.0, 1.0]
    """
    recipe.check(len(task_vectors))
    layout = FlatLayout.of(base)
    for name in layout.names:
        check_finite(base[name], name, "the base checkpoint")
    vectors = [_changes(layout, base, tau, whose(i)) for i, tau in enumerate(task_vectors)]
    limits = [bounds(changes, layout.names, recipe) for changes in vectors]
    pieces = [
        Piece(
            name,
            base[name],
            recipe,
            factor,
            [least[i] for least, _ in limits],
            [below[i] for _, below in limits],
        )
        for i, (name, factor) in enumerate(zip(layout.names, recipe.factors(layout.names), strict=True))
    ]
    together = [list(deltas) for deltas in zip(*vectors, strict=True)]
    sign = majority(zip(together, pieces, strict=True), recipe)

    merged = {name: tensor.clone() for name, tensor in base.items() if not tensor.is_floating_point()}
    for deltas, piece in zip(together, pieces, strict=True):
        merged[piece.name] = merge_piece(deltas, replace(piece, majority=sign))
    merged |= {name: merged[first] for name, first in layout.aliases}
    return {name: merged[name] for name in base}


def merge_piece(deltas: Sequence[Tensor], piece: Piece) -> Tensor:
    """θ + λ·combine(δ) for one piece, in the base's dtype; λ = 0 returns the base bit for bit."""
    if piece.factor == 0:
        return piece.base.clone()
    return add_scaled(piece.base, combine_of(piece.recipe.method)(deltas, piece), piece.factor)


def majority(pieces: Iterable[tuple[Sequence[Tensor], Piece]], recipe: Recipe) -> float:
    """The sign that wins in most elements of the whole model, +1 or −1, if the preset asks for it."""
    if recipe.method is not MergeMethod.TIES or recipe.preset.zero != "majority":
        return 1.0
    balance = 0
    for deltas, piece in pieces:
        trimmed = [keep_at_least(delta, least) for delta, least in zip(deltas, piece.least, strict=True)]
        votes = vote(trimmed, weighted(trimmed, piece.weights), recipe.preset)
        balance += int((votes > 0).sum()) - int((votes < 0).sum())
    return 1.0 if balance > 0 else -1.0


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
