"""The registry of merge methods: one entry each, with all it declares; functions lie in `merging/methods/`.

The method called `dare-ties` is the function `combine` of `merging/methods/dare_ties.py`. Command
line, dials, sweeps and documentation read this table and know no method by name.
"""

from __future__ import annotations

import math
from enum import StrEnum

from codemix_lab.config.spec import Parameter


def _own(name: str, default: float, low: float, high: float, step: float, help: str) -> Parameter:
    return Parameter(name, default, low, high, step, help)


class MergeMethod(StrEnum):
    """How task vectors are combined. Each member carries its declaration.

    `label` and `help` are for people; `reads` names the shared fields of `MergeSpec` it uses besides
    λ and weights; `options` declares parameters of its own; `fewest` and `most` bound the number of
    task vectors; `whole` says that it needs a tensor at once, not piece by piece.
    """

    label: str
    help: str
    reads: tuple[str, ...]
    options: tuple[Parameter, ...]
    fewest: int
    most: float
    whole: bool

    TASK_ARITHMETIC = "task-arithmetic", "Task Arithmetic", "Adds the task vectors (arXiv 2212.04089)."
    TIES = (
        "ties",
        "TIES",
        "Keeps the largest changes, elects a sign where they disagree, averages (arXiv 2306.01708).",
        ("density", "scope", "preset"),
    )
    LINEAR = "linear", "Linear", "Weighted average of the checkpoints (model soups, arXiv 2203.05482)."
    DARE = (
        "dare",
        "DARE",
        "Drops changes by chance and scales up the rest, then adds (arXiv 2311.03099).",
        ("density", "seed"),
    )
    DARE_TIES = (
        "dare-ties",
        "DARE-TIES",
        "Drops changes by chance like DARE, then elects signs like TIES.",
        ("density", "preset", "seed"),
    )
    BREADCRUMBS = (
        "breadcrumbs",
        "Breadcrumbs",
        "Leaves out the largest changes as well as the smallest, then adds (arXiv 2312.06795).",
        ("density", "scope"),
        (_own("outliers", 0.01, 0.0, 0.5, 0.005, "Share of the largest changes that is left out."),),
    )
    SLERP = (
        "slerp",
        "SLERP",
        "Walks from base to adapted along an arc instead of a line; λ says how far.",
        (),
        (),
        1,
        1,
        True,
    )
    MODEL_STOCK = (
        "model-stock",
        "Model Stock",
        "Averages, then steps back to the base as far as the angles say (arXiv 2403.19522).",
        (),
        (),
        2,
        math.inf,
        True,
    )

    def __new__(
        cls,
        value: str,
        label: str = "",
        help: str = "",
        reads: tuple[str, ...] = (),
        options: tuple[Parameter, ...] = (),
        fewest: int = 1,
        most: float = math.inf,
        whole: bool = False,
    ) -> MergeMethod:
        """A member with its declaration."""
        self = str.__new__(cls, value)
        self._value_ = value
        self.label, self.help, self.reads, self.options = label, help, reads, options
        self.fewest, self.most, self.whole = fewest, most, whole
        return self

    @property
    def option_names(self) -> tuple[str, ...]:
        """Names of the parameters that belong to this method alone."""
        return tuple(option.name for option in self.options)
