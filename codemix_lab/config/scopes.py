"""Choices of where a merge acts: over which elements it trims, and how λ runs over depth."""

from __future__ import annotations

from enum import StrEnum


class TrimScope(StrEnum):
    """Over which elements the density budget is spent."""

    TENSOR = "tensor"
    LAYER = "layer"
    GLOBAL = "global"


class Schedule(StrEnum):
    """How λ runs over the depth of the model, as multipliers from `MergeSpec.depth`.

    constant: 1 everywhere. linear: from the first number to the second. lines: from the one number γ
    to 1, γ + (1 − γ)·l/(L − 1) (LiNeS, arXiv 2410.17146). free: one number a layer.
    """

    CONSTANT = "constant"
    LINEAR = "linear"
    LINES = "lines"
    FREE = "free"

    @property
    def wants(self) -> int | None:
        """How many numbers `depth` has; None where it is one for each layer."""
        return {"constant": 0, "linear": 2, "lines": 1}.get(self)
