"""Points of a curve over λ: an exact evaluation, the scores at one λ, and how far a prediction was off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codemix_lab.errors import DataError


@dataclass(frozen=True, eq=False)
class Node:
    """One exact evaluation of the merge at λ = `scaling`.

    `train` (train sentences, hidden) and `score` (scored sentences, hidden) are float32 features; the
    perplexities are those of held-out text, None where the model has no language-model head. Raises
    `DataError` when a feature is not finite.
    """

    scaling: float
    train: np.ndarray
    score: np.ndarray
    code_mixed_perplexity: float | None = None
    monolingual_perplexity: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.train).all() and np.isfinite(self.score).all()):
            raise DataError(
                f"The model at λ = {self.scaling:g} gives no finite features: narrow the range of λ."
            )


@dataclass(frozen=True, eq=False)
class CurvePoint:
    """The scores at one λ; `probabilities` is (scored sentences, labels), the rest as in `Scores`."""

    scaling: float
    macro_f1: float
    interval: tuple[float, float]
    per_class: dict[str, float]
    confusion: tuple[tuple[int, ...], ...]
    probabilities: np.ndarray
    code_mixed_perplexity: float | None
    monolingual_perplexity: float | None
    exact: bool


@dataclass(frozen=True)
class CurveError:
    """How well a curve of `nodes` nodes foretold an exact evaluation at a λ that was not among them.

    `feature_error` is ‖predicted − exact‖ / ‖exact − mean sentence‖ over the scored sentences (what
    all sentences share helps no probe, so it is left out of the measure), `agreement` the share of
    equal predicted labels, `f1_difference` the absolute difference in macro-F1.
    """

    scaling: float
    nodes: int
    feature_error: float
    agreement: float
    f1_difference: float

    def within(self, tolerance: float) -> bool:
        """Whether the features and macro-F1 are both right to within `tolerance` (.01 = one point)."""
        return self.feature_error <= tolerance and self.f1_difference <= tolerance
