"""How to merge, apart from which checkpoints: what the reference and the live engine are told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from codemix_lab.config import MergeMethod, MergeSpec, Schedule, TiesPreset, TrimScope
from codemix_lab.config.merge import GROUPS, checked_options, checked_weights
from codemix_lab.errors import SpecError
from codemix_lab.merging.modules import depth_multipliers, module_kind


@dataclass(frozen=True)
class Recipe:
    """The fields of `MergeSpec` that say how; `groups` are the multipliers in the order of `GROUPS`."""

    scaling: float
    density: float = 1.0
    method: MergeMethod = MergeMethod.TIES
    scope: TrimScope = TrimScope.TENSOR
    weights: tuple[float, ...] = ()
    preset: TiesPreset = TiesPreset.LAB
    seed: int = 0
    schedule: Schedule = Schedule.CONSTANT
    depth: tuple[float, ...] = ()
    groups: tuple[float, ...] = (1.0,) * len(GROUPS)
    options: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", MergeMethod(self.method))
        object.__setattr__(self, "scope", TrimScope(self.scope))
        object.__setattr__(self, "preset", TiesPreset(self.preset))
        object.__setattr__(self, "schedule", Schedule(self.schedule))
        object.__setattr__(self, "options", checked_options(self.method, self.options))

    @classmethod
    def of(cls, spec: MergeSpec) -> Recipe:
        """The recipe of a spec."""
        same = {name: getattr(spec, name) for name in cls.__dataclass_fields__ if name != "groups"}
        return cls(**same, groups=tuple(getattr(spec, name) for name in GROUPS))

    def check(self, count: int) -> None:
        """Raise `SpecError` unless it can be applied to `count` task vectors."""
        if count == 0:
            raise SpecError("a merge needs at least one adapted checkpoint: name one in the field adapted.")
        if not math.isfinite(self.scaling):
            raise SpecError(f"scaling = {self.scaling} is no finite number: choose a λ such as 0.6.")
        if not 0 < self.density <= 1:
            raise SpecError(f"density = {self.density} is out of range: choose more than 0 and at most 1.")
        checked_weights(self.weights, count, self.method)
        if not self.method.fewest <= count <= self.method.most:
            raise SpecError(f"{self.method} cannot merge {count} task vectors: change adapted or method.")

    def factors(self, names: Sequence[str]) -> tuple[float, ...]:
        """λ times the multipliers of depth and module kind for each tensor, rounded to float32."""
        by_kind = dict(zip(GROUPS, self.groups, strict=True))
        by_depth = depth_multipliers(names, self.schedule, self.depth)
        return tuple(
            float(np.float32(self.scaling * along * by_kind.get(module_kind(name), 1.0)))
            for name, along in zip(names, by_depth, strict=True)
        )

    def shares(self, count: int) -> tuple[float, ...]:
        """The weight of each of `count` task vectors."""
        return self.weights or (1.0,) * count

    def option(self, name: str) -> float:
        """A parameter of the method's own."""
        declared = {option.name: option.default for option in self.method.options}
        return float((declared | dict(self.options))[name])

    def reduced(self, count: int) -> Recipe:
        """The plainest recipe with the same result for `count` task vectors."""
        reads = self.method.reads
        changes: dict[str, Any] = {}
        untrimmed = self.density == 1 and self.method is MergeMethod.TIES
        if untrimmed and count == 1 and self.preset.merge != "weighted-mean":
            changes = {"method": MergeMethod.TASK_ARITHMETIC, "preset": TiesPreset.LAB}
        if untrimmed or "scope" not in reads:
            changes["scope"] = TrimScope.TENSOR
        if "density" not in reads:
            changes["density"] = 1.0
        return replace(self, **changes)
