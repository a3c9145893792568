"""How a merge is scored within seconds."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config.spec import Spec, parameter


@dataclass(frozen=True)
class ProbeSpec(Spec):
    """Frozen encoder → mean pooling → logistic regression: a score of a merge within seconds."""

    train_size: int = parameter(
        250, low=10, high=20_000, step=10, help="Labelled sentences the probe is fitted on."
    )
    score_size: int = parameter(300, low=10, high=20_000, step=10, help="Sentences it is scored on.")
    seed: int = parameter(0, low=0, high=2**31 - 1, help="Seed that draws both subsets.")
    max_length: int = parameter(
        128, low=8, high=512, help="Longest sentence, in pieces; longer ones are cut."
    )
    strength: float = parameter(
        1.0, low=1e-4, high=1e4, help="Inverse L2 penalty C of the logistic regression."
    )
