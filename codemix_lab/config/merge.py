"""Which task vectors are added back to which base, and how much of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from codemix_lab.config.spec import Spec, parameter


class MergeMethod(StrEnum):
    """How task vectors are combined before λ scales the result."""

    TASK_ARITHMETIC = "task-arithmetic"
    TIES = "ties"


class TrimScope(StrEnum):
    """Over which elements the density budget of TIES is spent."""

    TENSOR = "tensor"
    GLOBAL = "global"


@dataclass(frozen=True)
class MergeSpec(Spec):
    """θ_merged = θ_base + λ·combine(τ₁ … τₙ), τᵢ = θ_adaptedᵢ − θ_base (arXiv 2510.19782)."""

    base: str = parameter(help="Base checkpoint: a starter name, a folder, or a hub id.")
    adapted: tuple[str, ...] = parameter(help="Checkpoints after continued pre-training, one τ each.")
    method: MergeMethod = parameter(
        MergeMethod.TASK_ARITHMETIC, help="task-arithmetic adds τ; ties trims and elects signs first."
    )
    scaling: float = parameter(
        0.6,
        low=0.0,
        high=1.5,
        step=0.01,
        help="λ: how much of the task vector is added back (0 = base, 1 = CPT).",
    )
    density: float = parameter(
        1.0, low=0.01, high=1.0, step=0.01, help="TIES: share of the largest changes that is kept."
    )
    scope: TrimScope = parameter(
        TrimScope.TENSOR, help="TIES: spend the density per tensor or over the whole vector."
    )
