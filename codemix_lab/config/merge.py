"""Which task vectors are added back to which base, how, and how much of them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codemix_lab.config.methods import MergeMethod
from codemix_lab.config.presets import TiesPreset
from codemix_lab.config.scopes import Schedule, TrimScope
from codemix_lab.config.spec import Spec, parameter
from codemix_lab.errors import SpecError

GROUPS = ("embeddings", "attention", "feed_forward", "norms")
"""Fields of `MergeSpec` that scale λ for one kind of module."""


@dataclass(frozen=True)
class MergeSpec(Spec):
    """θ_merged = θ_base + λ·combine(τ₁ … τₙ), τᵢ = θ_adaptedᵢ − θ_base (arXiv 2510.19782).

    Fields after `scope` are written to YAML only where they differ from their defaults, so specs
    from before they existed keep their text and their identity.
    """

    base: str = parameter(help="Base checkpoint: a starter name, a folder, or a hub id.")
    adapted: tuple[str, ...] = parameter(help="Checkpoints after continued pre-training, one τ each.")
    method: MergeMethod = parameter(MergeMethod.TASK_ARITHMETIC, help="How task vectors are combined.")
    scaling: float = parameter(
        0.6,
        low=0.0,
        high=1.5,
        step=0.01,
        help="λ: how much of the task vector is added back (0 = base, 1 = CPT).",
    )
    density: float = parameter(
        1.0, low=0.01, high=1.0, step=0.01, help="Share of the changes that is kept: the largest, by TIES."
    )
    scope: TrimScope = parameter(
        None,
        help="Spend the density per tensor, per layer or over the whole vector; else as the preset does.",
    )
    weights: tuple[float, ...] = parameter(
        (),
        low=-2.0,
        high=2.0,
        step=0.05,
        sparse=True,
        help="A scaling for each adapted checkpoint, 1 if left out; below 0 its change is unlearned.",
    )
    preset: TiesPreset = parameter(TiesPreset.LAB, sparse=True, help="TIES as which system computes it.")
    seed: int = parameter(
        0, low=0, high=2**31 - 1, step=1, sparse=True, help="Seed of the methods that drop by chance."
    )
    schedule: Schedule = parameter(
        Schedule.CONSTANT, sparse=True, help="How λ runs over the layers: the numbers stand in depth."
    )
    depth: tuple[float, ...] = parameter(
        (),
        low=-2.0,
        high=2.0,
        step=0.05,
        sparse=True,
        help="Multipliers of λ: first and last (linear), the first (lines), or one a layer (free).",
    )
    embeddings: float = parameter(
        1.0, low=0.0, high=2.0, step=0.05, sparse=True, help="Multiplier of λ for embeddings."
    )
    attention: float = parameter(
        1.0, low=0.0, high=2.0, step=0.05, sparse=True, help="Multiplier of λ for attention."
    )
    feed_forward: float = parameter(
        1.0, low=0.0, high=2.0, step=0.05, sparse=True, help="Multiplier of λ for feed-forward blocks."
    )
    norms: float = parameter(
        1.0, low=0.0, high=2.0, step=0.05, sparse=True, help="Multiplier of λ for layer norms."
    )
    options: tuple[tuple[str, float], ...] = parameter(
        (), sparse=True, help="Parameters of the method's own, by name."
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", _pairs(self.options))
        if self.scope is None:
            object.__setattr__(self, "scope", _preset(self.preset).scope)
        super().__post_init__()
        object.__setattr__(self, "weights", checked_weights(self.weights, len(self.adapted), self.method))
        object.__setattr__(self, "options", checked_options(self.method, self.options))
        check_sources(self.adapted)
        check_contradictions(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values only; the method's own parameters as a dictionary."""
        plain = super().to_dict()
        return plain | {"options": dict(self.options)} if self.options else plain

    def further(self) -> dict[str, str]:
        """What is said beyond sources, method, λ and its own parameters, as the command line takes it.

        What the method does not read and what has its default is left out.
        """
        shared = {"density", "scope"} & set(self.method.reads)
        plain, declared = self.to_dict(), self.parameters()
        names = [n for n in plain if n in shared or (declared[n].sparse and n != "options")]
        return {
            name: ",".join(f"{v:g}" for v in plain[name])
            if isinstance(plain[name], list)
            else f"{plain[name]:g}"
            if isinstance(plain[name], float)
            else str(plain[name])
            for name in names
        }

    def said(self) -> list[str]:
        """What differs from its default besides sources, method, λ and density, a few words each.

        >>> MergeSpec("b", ("a",), schedule="lines", depth=(0.5,), norms=0.0).said()
        ['schedule lines', 'depth 0.5', 'norms 0']
        """
        usual = {"density"} | ({"scope"} if self.scope is self.preset.scope else set())
        further = {name: text for name, text in self.further().items() if name not in usual}
        further |= {name: f"{value:g}" for name, value in self.options}
        return [f"{name.replace('_', '-')} {text}" for name, text in further.items()]

    def option(self, name: str) -> float:
        """The value of a parameter of the method's own, its default where it is not given."""
        declared = {option.name: option.default for option in self.method.options}
        return float((declared | dict(self.options))[name])


def check_sources(adapted: tuple[str, ...]) -> None:
    """Raise `SpecError` when one checkpoint is named twice."""
    for place, ref in enumerate(adapted):
        if ref in adapted[:place]:
            raise SpecError(
                f"adapted names “{ref}” twice: name it once, and give it a larger weight if it shall count more."
            )


def checked_weights(weights: tuple[float, ...], count: int, method: MergeMethod) -> tuple[float, ...]:
    """Weights as they are, or () where all are 1. Raises `SpecError` for a wrong number or a sum of 0."""
    if weights and len(weights) != count:
        raise SpecError(f"weights has {len(weights)} numbers for {count} checkpoints: give one for each.")
    if method is MergeMethod.LINEAR and weights and math.isclose(sum(weights), 0.0, abs_tol=1e-6):
        raise SpecError("weights add up to 0, so a linear merge has no average: change one of them.")
    return () if all(weight == 1.0 for weight in weights) else weights


def checked_options(
    method: MergeMethod, options: tuple[tuple[str, float], ...]
) -> tuple[tuple[str, float], ...]:
    """Options in their order of names, defaults left out. Raises `SpecError` naming the nearest valid name."""
    declared = {option.name: option for option in method.options}
    for name, value in options:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            known = f"known are {', '.join(declared)}" if declared else "it has none of its own"
            raise SpecError(
                f"{method} has no option “{name}”: " + (f"did you mean “{near[0]}”?" if near else f"{known}.")
            )
        low, high = declared[name].low, declared[name].high
        if low is not None and high is not None and not low <= value <= high:
            raise SpecError(f"{name} = {value} is out of range: choose between {low:g} and {high:g}.")
    return tuple(sorted((n, v) for n, v in options if v != declared[n].default))


def check_contradictions(spec: MergeSpec) -> None:
    """Raise `SpecError` where two fields cannot both be meant.

    A density or scope that the method does not read is no contradiction: dials keep them.
    """
    method, count = spec.method, len(spec.adapted)
    for name, default in (("preset", TiesPreset.LAB), ("seed", 0)):
        if name not in method.reads and getattr(spec, name) != default:
            readers = ", ".join(m for m in MergeMethod if name in m.reads)
            raise SpecError(
                f"{name} belongs to {readers}, not to {method}: leave it out, or change the method."
            )
    if count and not method.fewest <= count <= method.most:
        wanted = f"at least {method.fewest}" if count < method.fewest else f"at most {method.most:g}"
        raise SpecError(
            f"{method} takes {wanted} adapted checkpoints, not {count}: change adapted or method."
        )
    wants = spec.schedule.wants
    if wants is None and not spec.depth:
        raise SpecError("depth is empty: a free schedule wants one number for each layer.")
    if wants is not None and len(spec.depth) != wants:
        raise SpecError(f"depth has {len(spec.depth)} numbers, but a {spec.schedule} schedule wants {wants}.")


def _pairs(options: Any) -> Any:
    return tuple(options.items()) if isinstance(options, Mapping) else options


def _preset(value: Any) -> TiesPreset:
    """The preset, or the plain one where the value will be refused later."""
    return TiesPreset(value) if value in tuple(TiesPreset) else TiesPreset.LAB
