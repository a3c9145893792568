"""What a merge thinks of one sentence, as a function of λ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from codemix_lab.errors import StorageError
from codemix_lab.evaluation.chebyshev import Interpolant
from codemix_lab.evaluation.score_grid import GridColumn, log_probabilities
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

if TYPE_CHECKING:
    from codemix_lab.config import MergeSpec
    from codemix_lab.evaluation.curve import LambdaCurve
    from codemix_lab.evaluation.merge_scorer import MergeScorer


@dataclass(frozen=True, eq=False)
class SentenceCurve:
    """Log-probabilities of one sentence, (nodes, labels), exact at the ascending `scalings`."""

    labels: tuple[str, ...]
    scalings: np.ndarray
    log_probabilities: np.ndarray

    @classmethod
    def of(cls, column: GridColumn, place: int, labels: Sequence[str]) -> Self:
        """The curve of sentence `place` of a grid's column."""
        return cls(tuple(labels), column.scalings, column.log_probabilities[:, place])

    @property
    def exact(self) -> np.ndarray:
        """Probabilities at the nodes, (nodes, labels)."""
        return _normed(self.log_probabilities)

    def between(self, count: int = 61) -> tuple[np.ndarray, np.ndarray]:
        """`count` λ from the first to the last node, and the interpolated probabilities there.

        >>> curve = SentenceCurve(("a", "b"), np.array([0.0, 1.0]), np.log([[0.5, 0.5], [0.8, 0.2]]))
        >>> curve.between(3)[1].round(3).tolist()
        [[0.5, 0.5], [0.667, 0.333], [0.8, 0.2]]
        """
        scalings = np.linspace(self.scalings[0], self.scalings[-1], count)
        return scalings, np.stack([_normed(self._logs.at(float(scaling))) for scaling in scalings])

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {
            "labels": list(self.labels),
            "scalings": self.scalings.tolist(),
            "log_probabilities": self.log_probabilities.tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read `to_dict` back. Raises `StorageError` for anything else."""
        try:
            scalings, logs = (
                np.array(values[name], dtype=float) for name in ("scalings", "log_probabilities")
            )
            labels = tuple(map(str, values["labels"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(f"This curve is damaged ({error}): compute it again.") from error
        if logs.shape != (len(scalings), len(labels)) or not len(scalings):
            raise StorageError("This curve is damaged (its parts differ in length): compute it again.")
        return cls(labels, scalings, logs)

    @cached_property
    def _logs(self) -> Interpolant:
        return Interpolant(self.scalings, self.log_probabilities)


def follow_sentence(
    scorer: MergeScorer,
    spec: MergeSpec,
    curve: LambdaCurve,
    text: str,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> SentenceCurve:
    """The curve of any sentence, exact at the nodes of `curve`, which brings the probes' train features.

    One merge and one sentence a node. Raises `Cancelled`.
    """
    rows = []
    for done, node in enumerate(curve.nodes):
        raise_if_stopped(should_stop)
        report(on_progress, done, len(curve.nodes), f"this sentence at λ = {node.scaling:.2f}")
        asked = scorer.features(spec.replace(scaling=node.scaling), [text])
        rows.append(log_probabilities(curve.probe(node).probabilities(asked)[0]))
    report(on_progress, len(curve.nodes), len(curve.nodes), "curve complete")
    return SentenceCurve(curve.labels, np.array([node.scaling for node in curve.nodes]), np.stack(rows))


def _normed(logs: np.ndarray) -> np.ndarray:
    values = np.exp(logs)
    return np.asarray(values / values.sum(axis=-1, keepdims=True))
