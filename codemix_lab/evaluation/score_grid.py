"""Scores over λ and density, small enough to be handed to a browser: log-probabilities at exact nodes.

A `LambdaCurve` holds features; here the probe has been fitted at every node, and what is left is one
log-probability per node, sentence and label. Between the nodes these are interpolated by the same
polynomial as the features. Reading, drawing and sending a grid needs numpy alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from codemix_lab.errors import DataError
from codemix_lab.evaluation.chebyshev import LEVELS, SAME, Interpolant, coarse_to_fine
from codemix_lab.evaluation.npz import damaged, read_npz, write_npz

if TYPE_CHECKING:
    from codemix_lab.evaluation.curve import LambdaCurve

FLOOR = -30.0
"""Log-probabilities are cut here: e⁻³⁰ is nothing on a screen, and −∞ cannot be interpolated."""

ENOUGH = LEVELS[0]
"""Exact nodes that a prediction in between needs."""

REMEMBERED = 32
"""Exact scores outside the columns that a grid keeps."""


@dataclass(frozen=True, eq=False)
class GridColumn:
    """One density, all λ.

    `scalings` are the exact nodes, ascending; `log_probabilities` is (nodes, sentences, labels),
    float32; `perplexities` is (nodes, 2): code-mixed and monolingual, NaN where unknown. `complete`
    once no more nodes will come. Raises `DataError` when shapes do not belong together.
    """

    density: float
    scalings: np.ndarray
    log_probabilities: np.ndarray
    perplexities: np.ndarray
    complete: bool = True

    def __post_init__(self) -> None:
        nodes = len(self.scalings)
        if self.log_probabilities.ndim != 3 or {len(self.log_probabilities), len(self.perplexities)} != {
            nodes
        }:
            raise DataError("A column of a grid needs one row of scores for every λ.")
        if nodes == 0 or (np.diff(self.scalings) <= SAME).any():
            raise DataError("A column of a grid needs exact scores at distinct, ascending λ.")

    @classmethod
    def of(cls, curve: LambdaCurve, density: float, complete: bool = True) -> GridColumn:
        """The column of a curve: one probe fit a node, some ten milliseconds each."""
        points = [curve.point(node) for node in curve.nodes]
        known = [(p.code_mixed_perplexity, p.monolingual_perplexity) for p in points]
        return cls(
            density,
            np.array([p.scaling for p in points]),
            np.stack([log_probabilities(p.probabilities) for p in points]),
            np.array([[math.nan if x is None else x for x in pair] for pair in known]),
            complete,
        )

    def probabilities(self, scaling: float) -> np.ndarray:
        """(sentences, labels) at any λ within the nodes, rows sum to one; exact at a node."""
        values = np.exp(self._logs.at(scaling))
        return np.asarray(values / values.sum(axis=1, keepdims=True))

    def perplexity(self, scaling: float) -> tuple[float | None, float | None]:
        """Code-mixed and monolingual pseudo-perplexity at any λ within the nodes; None where unknown."""
        weights = self._logs.weights(scaling)
        mixed, mono = (
            None if np.isnan(column).any() else math.exp(weights @ np.log(column))
            for column in self.perplexities.T
        )
        return mixed, mono

    def is_node(self, scaling: float) -> bool:
        """Whether the scores at this λ are exact."""
        return bool(np.abs(self.scalings - scaling).min() <= SAME)

    def held_out(self) -> tuple[GridColumn, list[int]] | None:
        """The largest coarser level of nodes in this column, and the places of the nodes it has not seen.

        None while there are too few nodes. What the coarser column foretells at the unseen nodes
        says how far the whole column can be off at most.
        """
        low, high = float(self.scalings[0]), float(self.scalings[-1])
        for level in reversed([level for level in LEVELS if level < len(self.scalings)]):
            wanted = np.array(coarse_to_fine(level, low, high))
            seen = np.abs(self.scalings[:, None] - wanted).min(axis=1) <= 1e-6
            if seen.sum() == level:
                coarse = replace(
                    self,
                    scalings=self.scalings[seen],
                    log_probabilities=self.log_probabilities[seen],
                    perplexities=self.perplexities[seen],
                )
                return coarse, np.flatnonzero(~seen).tolist()
        return None

    @cached_property
    def _logs(self) -> Interpolant:
        return Interpolant(self.scalings, self.log_probabilities)


@dataclass(frozen=True, eq=False)
class ExactScore:
    """The log-probabilities (sentences, labels) of one exact merge, wherever the dials were."""

    scaling: float
    density: float
    log_probabilities: np.ndarray


@dataclass(frozen=True, eq=False)
class ScoreGrid:
    """Columns by density over the same sentences, with what is needed to show them.

    `gold` are places in `labels`; `layers` are rows of (layer, ‖τ‖ / ‖base‖, the same of what the
    method kept at the density of the row), for λ = 1; `fingerprint` is that of the scorer.
    """

    fingerprint: str
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    gold: tuple[int, ...]
    columns: tuple[GridColumn, ...] = ()
    exact: tuple[ExactScore, ...] = ()
    layers: Mapping[float, Sequence[tuple[str, float, float]]] = field(default_factory=dict)

    def column(self, density: float) -> GridColumn | None:
        """The column of exactly this density, if it is there."""
        return next((c for c in self.columns if abs(c.density - density) <= SAME), None)

    def with_column(self, column: GridColumn) -> ScoreGrid:
        """The grid with this column, in place of an older one of its density."""
        others = [c for c in self.columns if abs(c.density - column.density) > SAME]
        return replace(self, columns=tuple(sorted([*others, column], key=lambda c: c.density)))

    def exact_at(self, scaling: float, density: float) -> ExactScore | None:
        """The exact score at this λ and density, if it is there."""
        return next((e for e in self.exact if (e.scaling, e.density) == (scaling, density)), None)

    def with_exact(self, score: ExactScore) -> ScoreGrid:
        """The grid with one more exact score; the oldest of more than `REMEMBERED` is forgotten."""
        others = [e for e in self.exact if (e.scaling, e.density) != (score.scaling, score.density)]
        return replace(self, exact=(*others[1 - REMEMBERED :], score))

    def with_layers(self, density: float, rows: Sequence[tuple[str, float, float]]) -> ScoreGrid:
        """The grid with the layers measured at this density."""
        return replace(self, layers={**self.layers, density: tuple(rows)})

    def to_npz(self, path: Path) -> None:
        """Write the grid to one file. Raises `StorageError` when the place cannot be written."""
        arrays: dict[str, Any] = {
            "fingerprint": self.fingerprint,
            "labels": self.labels,
            "texts": self.texts,
            "gold": self.gold,
            "densities": [c.density for c in self.columns],
            "complete": [c.complete for c in self.columns],
            "exact_places": [(e.scaling, e.density) for e in self.exact],
            "exact": [e.log_probabilities for e in self.exact],
            "layer_densities": list(self.layers),
        }
        for place, column in enumerate(self.columns):
            arrays[f"scalings_{place}"] = column.scalings
            arrays[f"logs_{place}"] = column.log_probabilities
            arrays[f"perplexities_{place}"] = column.perplexities
        for place, rows in enumerate(self.layers.values()):
            arrays[f"layer_names_{place}"] = [name for name, _, _ in rows]
            arrays[f"layer_lengths_{place}"] = [lengths for _, *lengths in rows]
        write_npz(path, arrays)

    @classmethod
    def from_npz(cls, path: Path) -> ScoreGrid:
        """Read `to_npz` back. Raises `StorageError` when the file is missing, cut off or something else."""
        kept = read_npz(path)
        try:
            return cls(
                fingerprint=str(kept["fingerprint"]),
                labels=tuple(kept["labels"].tolist()),
                texts=tuple(kept["texts"].tolist()),
                gold=tuple(kept["gold"].tolist()),
                columns=tuple(
                    GridColumn(
                        density,
                        kept[f"scalings_{place}"],
                        kept[f"logs_{place}"],
                        kept[f"perplexities_{place}"],
                        complete,
                    )
                    for place, (density, complete) in enumerate(
                        zip(kept["densities"].tolist(), kept["complete"].tolist(), strict=True)
                    )
                ),
                exact=tuple(
                    ExactScore(scaling, density, logs)
                    for (scaling, density), logs in zip(
                        kept["exact_places"].tolist(), kept["exact"], strict=True
                    )
                ),
                layers={
                    density: [
                        (name, *lengths)
                        for name, lengths in zip(
                            kept[f"layer_names_{place}"].tolist(),
                            kept[f"layer_lengths_{place}"].tolist(),
                            strict=True,
                        )
                    ]
                    for place, density in enumerate(kept["layer_densities"].tolist())
                },
            )
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise damaged(path, error) from error


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Their logarithms in float32, cut at `FLOOR`.

    >>> log_probabilities(np.array([[1.0, 0.0]])).tolist()
    [[0.0, -30.0]]
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(probabilities), FLOOR), dtype=np.float32)
