"""The merges that belong to a merge: its ends, and all of it but λ."""

from __future__ import annotations

from codemix_lab.config import MergeSpec


def shape(spec: MergeSpec) -> MergeSpec:
    """All of a merge but λ."""
    return spec.replace(scaling=0.0)


def untrimmed(spec: MergeSpec, scaling: float) -> MergeSpec:
    """Plain task arithmetic with the checkpoints of `spec`, all else as usual: base at λ = 0, CPT at λ = 1.

    >>> untrimmed(MergeSpec("b", ("a",), "ties", 0.6, 0.2, preset="paper", norms=0.0), 1.0).further()
    {}
    """
    return MergeSpec(base=spec.base, adapted=spec.adapted, scaling=scaling)
