"""Curves are computed once for what they depend on, and again when the file is damaged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from codemix_lab.config import MergeSpec
from codemix_lab.evaluation.curve import LambdaCurve, Node
from codemix_lab.experiments.curves import cached_curve, curve_path

SPEC = MergeSpec(base="base", adapted=("adapted",))


@dataclass
class Scorer:
    """Stands in for a MergeScorer: features are a straight line in λ."""

    fingerprint: str = "f" * 64
    asked: list[MergeSpec] = field(default_factory=list)

    def curve(self, spec: MergeSpec, on_curve: Any = None, **listening: Any) -> LambdaCurve:
        self.asked.append(spec)
        rng = np.random.default_rng(0)
        slope = rng.normal(size=(8, 4)).astype("float32")
        labels = ["a", "b"] * 4
        return LambdaCurve.build(
            lambda x: Node(x, slope * x + slope[::-1], slope * x - 1),
            labels,
            labels,
            ["a", "b"],
            on_curve=on_curve,
            **listening,
        )


def test_second_call_reads_the_file() -> None:
    scorer, seen = Scorer(), []
    first = cached_curve(scorer, SPEC, seen.append)  # type: ignore[arg-type]
    growing = len(seen)
    again = cached_curve(scorer, SPEC.replace(scaling=1.2), seen.append)  # type: ignore[arg-type]
    assert len(scorer.asked) == 1 and growing > 1 and seen[growing:] == [again]
    assert again.at(0.4).macro_f1 == first.at(0.4).macro_f1
    assert [n.scaling for n in again.nodes] == [n.scaling for n in first.nodes]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and no more"])
def test_damaged_curve_is_computed_again(damage: bytes) -> None:
    scorer = Scorer()
    first = cached_curve(scorer, SPEC)  # type: ignore[arg-type]
    curve_path(scorer, SPEC).write_bytes(damage)  # type: ignore[arg-type]
    assert cached_curve(scorer, SPEC).at(1).macro_f1 == first.at(1).macro_f1  # type: ignore[arg-type]
    assert len(scorer.asked) == 2
    cached_curve(scorer, SPEC)  # type: ignore[arg-type]
    assert len(scorer.asked) == 2


def test_name_holds_what_the_curve_depends_on() -> None:
    def name(scorer: Scorer = Scorer(), **changes: Any) -> str:  # noqa: B008
        return curve_path(scorer, SPEC.replace(**changes)).name  # type: ignore[arg-type]

    assert name() == name(scaling=1.0) == name(density=0.2) == name(scope="global")
    different = [name(), name(Scorer("e" * 64)), name(method="ties"), name(method="ties", density=0.2)]
    different.append(name(method="ties", density=0.2, scope="global"))
    assert len(set(different)) == 5
