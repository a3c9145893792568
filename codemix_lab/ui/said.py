"""A merge in a few words."""

from __future__ import annotations

from codemix_lab.config import MergeSpec


def said(spec: MergeSpec) -> list[str]:
    """What is dialled besides method, λ and density and differs from its default, a few words each.

    >>> said(MergeSpec("b", ("a",), schedule="lines", depth=(0.5,), norms=0.0))
    ['schedule lines', 'depth 0.5', 'norms 0']
    """
    return spec.said()
