"""The score of a merge as a function of a continuous λ, from a few exact evaluations.

Along θ_base + λτ every hidden state is smooth in λ. So features are computed exactly at a few
Chebyshev–Lobatto nodes and interpolated in between, sentence by sentence; the probe is fitted anew
on what the interpolation gives. Predicted points say that they are (`exact` is false), and how far
the prediction can be trusted is measured at nodes it has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from codemix_lab.errors import DataError, SpecError
from codemix_lab.evaluation import chebyshev
from codemix_lab.evaluation.chebyshev import Interpolant
from codemix_lab.evaluation.curve_points import CurveError, CurvePoint, Node
from codemix_lab.evaluation.metrics import score
from codemix_lab.evaluation.npz import damaged, read_npz, write_npz
from codemix_lab.evaluation.probe import Probe, fit_probe
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

__all__ = ["CurveError", "CurvePoint", "LambdaCurve", "Node"]

CHECKS = 2
"""Held-out nodes that must fit before a level is accepted."""

TINY = 1e-30


@dataclass(frozen=True, eq=False)
class LambdaCurve:
    """Scores over λ through exact `nodes`, at least one, ascending and distinct in λ.

    `train_labels` and `score_labels` are the gold labels of the nodes' sentences, `labels` the order
    of classes, `strength` the probe's inverse penalty. `checks` are the held-out checks made while
    the curve was built. Raises `DataError` when shapes do not belong together.
    """

    nodes: tuple[Node, ...]
    train_labels: tuple[str, ...]
    score_labels: tuple[str, ...]
    labels: tuple[str, ...]
    strength: float = 1.0
    checks: tuple[CurveError, ...] = ()

    def __post_init__(self) -> None:
        scalings = [node.scaling for node in self.nodes]
        if not scalings or any(b - a <= chebyshev.SAME for a, b in pairwise(scalings)):
            raise DataError("A curve needs exact evaluations at distinct, ascending λ.")
        hidden = self.nodes[0].train.shape[-1]
        wanted = (len(self.train_labels), hidden), (len(self.score_labels), hidden)
        for node in self.nodes:
            if (node.train.shape, node.score.shape) != wanted:
                raise DataError(
                    f"The features at λ = {node.scaling:g} do not fit the curve's {wanted[0][0]} train and "
                    f"{wanted[1][0]} scored sentences of {hidden} values each."
                )

    def at(self, scaling: float) -> CurvePoint:
        """The scores at any λ between the first and the last node; exact at a node.

        Costs one probe fit, some ten milliseconds. Raises `SpecError` outside the nodes.
        """
        for node in self.nodes:
            if abs(node.scaling - scaling) <= chebyshev.SAME:
                return self.point(node)
        return self._scored(self._interpolated(scaling), exact=False)

    def point(self, node: Node) -> CurvePoint:
        """The scores of an exact evaluation, whether it is a node of this curve or not."""
        return self._scored(node, exact=True)

    def probe(self, node: Node) -> Probe:
        """The probe on the train sentences as this merge reads them."""
        return fit_probe(node.train, self.train_labels, self.strength, self.labels)

    def check(self, node: Node) -> CurveError:
        """Hold what the curve foretells at `node.scaling` against the exact evaluation there."""
        guess = self._interpolated(node.scaling)
        foretold, exact = self._scored(guess, exact=False), self.point(node)
        spread = float(np.linalg.norm(node.score - node.score.mean(axis=0)))
        same = foretold.probabilities.argmax(axis=1) == exact.probabilities.argmax(axis=1)
        return CurveError(
            scaling=node.scaling,
            nodes=len(self.nodes),
            feature_error=float(np.linalg.norm(guess.score - node.score)) / max(spread, TINY),
            agreement=float(same.mean()),
            f1_difference=abs(foretold.macro_f1 - exact.macro_f1),
        )

    @property
    def error(self) -> CurveError | None:
        """The worst check of the finest curve that was checked, by feature error; None before any check.

        The checked nodes have joined the curve since, so the curve itself is better than this says.
        """
        finest = max((check.nodes for check in self.checks), default=0)
        held_out = [check for check in self.checks if check.nodes == finest]
        return max(held_out, key=lambda check: check.feature_error, default=None)

    @classmethod
    def build(
        cls,
        evaluate: Callable[[float], Node],
        train_labels: Sequence[str],
        score_labels: Sequence[str],
        labels: Sequence[str],
        strength: float = 1.0,
        *,
        low: float = 0.0,
        high: float = 1.5,
        tolerance: float = 0.01,
        start: int = 5,
        most: int = 9,
        on_curve: Callable[[LambdaCurve], None] | None = None,
        on_progress: Progress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> LambdaCurve:
        """Evaluate exactly at ever finer nodes (3, 5, 9, 17 …, each set holding the one before).

        Every new node first serves as a held-out check of the level before it, the inner nodes, where
        the error is largest, first. Rule: a level of at least `start` nodes is accepted as soon as
        it foretells the first two nodes of the next one within `tolerance` (`CurveError.within`);
        these two stay in. At `most` exact evaluations it ends anyway. `on_curve` gets the growing
        curve after each evaluation. Raises `SpecError` for impossible sizes, and `Cancelled`.
        """
        if start not in chebyshev.LEVELS or most < start:
            raise SpecError(f"start = {start}, most = {most}: start with 3, 5, 9 or 17 and allow no fewer.")
        order = chebyshev.coarse_to_fine(most, low, high)

        def exact(scaling: float, done: int) -> Node:
            raise_if_stopped(should_stop)
            report(on_progress, done, len(order), f"exact evaluation at λ = {scaling:.2f}")
            return evaluate(scaling)

        def show(curve: LambdaCurve) -> None:
            if on_curve is not None:
                on_curve(curve)

        first = (exact(order[0], 0),)
        curve = cls(first, tuple(train_labels), tuple(score_labels), tuple(labels), strength)
        level: LambdaCurve | None = None
        for done, scaling in enumerate(order[1:], start=1):
            show(curve)
            if done in chebyshev.LEVELS:
                level = curve
            curve = curve._with(exact(scaling, done), level)
            if level is not None and len(level.nodes) >= start and curve._bears_out(level, tolerance):
                break
        show(curve)
        report(on_progress, len(curve.nodes), len(curve.nodes), "curve complete")
        return curve

    def to_npz(self, path: Path) -> None:
        """Write the curve to one file, features in float32: 4 bytes × sentences × hidden × nodes.

        An older file is replaced in one step. Raises `StorageError` when the place cannot be written.
        """
        train, scored = self._features
        arrays = {
            "scalings": [node.scaling for node in self.nodes],
            "perplexities": [_perplexities(node) for node in self.nodes],
            "train": train.values,
            "score": scored.values,
            "train_labels": self.train_labels,
            "score_labels": self.score_labels,
            "labels": self.labels,
            "strength": self.strength,
            "checks": [astuple(check) for check in self.checks],
        }
        write_npz(path, arrays)

    @classmethod
    def from_npz(cls, path: Path) -> LambdaCurve:
        """Read `to_npz` back. Raises `StorageError` when the file is missing, cut off or something else."""
        kept = read_npz(path)
        try:
            perplexities = [
                [None if math.isnan(p) else p for p in row] for row in kept["perplexities"].tolist()
            ]
            columns = kept["scalings"].tolist(), kept["train"], kept["score"], perplexities
            return cls(
                nodes=tuple(
                    Node(x, train, scored, *two) for x, train, scored, two in zip(*columns, strict=True)
                ),
                train_labels=tuple(kept["train_labels"].tolist()),
                score_labels=tuple(kept["score_labels"].tolist()),
                labels=tuple(kept["labels"].tolist()),
                strength=float(kept["strength"]),
                checks=tuple(CurveError(x, int(count), *rest) for x, count, *rest in kept["checks"].tolist()),
            )
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise damaged(path, error) from error

    def _with(self, node: Node, level: LambdaCurve | None) -> LambdaCurve:
        nodes = tuple(sorted((*self.nodes, node), key=lambda node: node.scaling))
        checks = self.checks if level is None else (*self.checks, level.check(node))
        return replace(self, nodes=nodes, checks=checks)

    def _bears_out(self, level: LambdaCurve, tolerance: float) -> bool:
        held_out = [check for check in self.checks if check.nodes == len(level.nodes)]
        return len(held_out) == CHECKS and all(check.within(tolerance) for check in held_out)

    def _interpolated(self, scaling: float) -> Node:
        train, scored = (features.at(scaling) for features in self._features)
        perplexities = (None if log is None else math.exp(log.at(scaling)) for log in self._log_perplexities)
        return Node(scaling, train, scored, *perplexities)

    def _scored(self, node: Node, exact: bool) -> CurvePoint:
        probe = self.probe(node)
        scores = score(self.score_labels, probe.predict(node.score), self.labels)
        return CurvePoint(
            scaling=node.scaling,
            macro_f1=scores.macro_f1,
            interval=scores.interval,
            per_class=scores.per_class,
            confusion=scores.confusion,
            probabilities=probe.probabilities(node.score),
            code_mixed_perplexity=node.code_mixed_perplexity,
            monolingual_perplexity=node.monolingual_perplexity,
            exact=exact,
        )

    @cached_property
    def _features(self) -> tuple[Interpolant, Interpolant]:
        train, scored = np.stack([n.train for n in self.nodes]), np.stack([n.score for n in self.nodes])
        return self._through(train), self._through(scored)

    @cached_property
    def _log_perplexities(self) -> list[Interpolant | None]:
        columns = np.array([_perplexities(node) for node in self.nodes]).T
        return [None if np.isnan(column).any() else self._through(np.log(column)) for column in columns]

    def _through(self, values: np.ndarray) -> Interpolant:
        return Interpolant([node.scaling for node in self.nodes], values)


def _perplexities(node: Node) -> list[float]:
    known = node.code_mixed_perplexity, node.monolingual_perplexity
    return [math.nan if value is None else value for value in known]
