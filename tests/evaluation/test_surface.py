"""Surfaces over the plane: which merge every point is, and how its score is told."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import MergeMethod, MergeSpec
from codemix_lab.errors import Cancelled
from codemix_lab.evaluation.plane import Plane
from codemix_lab.evaluation.surface import Surface, surface

SPEC = MergeSpec("b", ("one", "two"), "ties", density=0.3)


class Scorer:
    """Right about as many of four sentences as a is large."""

    labels = ("x", "y")
    score_rows = pd.DataFrame({"text": list("abcd"), "label": ["x", "x", "y", "y"]})

    def __init__(self) -> None:
        self.asked: list[tuple[float, ...]] = []

    def answer(self, spec: MergeSpec, texts: list[str]) -> pd.DataFrame:
        assert spec.method is MergeMethod.TASK_ARITHMETIC and spec.scaling == 1
        a, b = spec.weights or (1.0, 1.0)
        self.asked.append((round(a, 9), round(b, 9)))
        return pd.DataFrame({"predicted": ["x", "x", "y", "y"] if a >= 1 else ["x"] * 4})


def test_corners_and_grid_are_the_merges_of_the_plane() -> None:
    scorer: Any = Scorer()
    found = surface(scorer, SPEC, Plane(2.0, 2.0, 0.0), (0.0, 1.0))
    assert scorer.asked == [(0, 0), (1, 0), (0, 1), (0, 0), (1, 0), (0, 1), (1, 1)]
    assert [(p.x, p.y) for p in found.points] == [(0, 0), (2, 0), (0, 2), (2, 2)]
    assert [p.macro_f1 for p in found.corners] == pytest.approx([1 / 3, 1.0, 1 / 3])
    assert found.best.macro_f1 == 1.0 and (found.best.a, found.best.b) == (1.0, 0.0)
    assert found.sentences == 4
    assert Surface.from_json(found.to_json()).corners[1] == found.corners[1]


def test_it_can_be_stopped() -> None:
    scorer: Any = Scorer()
    with pytest.raises(Cancelled):
        surface(scorer, SPEC, Plane(2.0, 2.0, 0.0), (0.0, 1.0), should_stop=lambda: len(scorer.asked) == 2)
    assert len(scorer.asked) == 2
