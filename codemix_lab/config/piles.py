"""Into which piles two models' answers fall."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config.spec import Spec, parameter


@dataclass(frozen=True)
class PilesSpec(Spec):
    """Fixed, broken, both wrong, and both right with unlike or alike confidence."""

    surer: float = parameter(
        0.1,
        low=0.0,
        high=1.0,
        step=0.01,
        help="Both right is “unlike” where the probabilities of the gold label differ by more than this.",
    )
