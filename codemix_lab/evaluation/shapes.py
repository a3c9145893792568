"""The merges that belong to a merge: its ends, and all of it but λ."""

from __future__ import annotations

from codemix_lab.config import MergeMethod, MergeSpec


def shape(spec: MergeSpec) -> MergeSpec:
    """All of a merge but λ."""
    return spec.replace(scaling=0.0)


def untrimmed(spec: MergeSpec, scaling: float) -> MergeSpec:
    """Plain task arithmetic with the checkpoints of `spec`: base at λ = 0, CPT at λ = 1."""
    return spec.replace(method=MergeMethod.TASK_ARITHMETIC, density=1.0, scaling=scaling)
