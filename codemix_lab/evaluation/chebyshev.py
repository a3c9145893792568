"""Chebyshev–Lobatto nodes and barycentric interpolation of arrays.

`scipy.interpolate.BarycentricInterpolator` is the oracle of the tests; it is not used itself because
it turns features into float64 and gives NaN a hair's breadth from a node.

Source: Berrut and Trefethen, Barycentric Lagrange Interpolation, SIAM Review 46 (2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from codemix_lab.errors import SpecError

LEVELS = (3, 5, 9, 17, 33)
"""Sizes of node sets of which each holds the one before."""

SAME = 1e-9
"""Two λ nearer than this are one."""


def nodes(count: int, low: float = 0.0, high: float = 1.5) -> np.ndarray:
    """`count` nodes from `low` to `high`, ascending, both ends included, dense near the ends.

    >>> nodes(5, -1, 1).round(3).tolist()
    [-1.0, -0.707, 0.0, 0.707, 1.0]
    """
    if count < 2 or not low < high:
        raise SpecError(
            f"{count} nodes from {low:g} to {high:g} are no grid: ask for at least two over a real range."
        )
    unit = np.sin(np.pi * np.arange(1 - count, count, 2) / (2 * (count - 1)))
    grid = low + (high - low) * (unit + 1) / 2
    grid[[0, -1]] = low, high
    return grid


def coarse_to_fine(most: int, low: float = 0.0, high: float = 1.5) -> list[float]:
    """The nodes of the largest level within `most`, ordered so that every level is a prefix.

    Within a level the inner nodes come first: there a coarser interpolant errs the most.
    Raises `SpecError` below 3.

    >>> [round(x, 3) for x in coarse_to_fine(5, -1, 1)]
    [-1.0, 1.0, 0.0, -0.707, 0.707]
    """
    if most < LEVELS[0]:
        raise SpecError(f"{most} nodes are too few for a curve: allow at least {LEVELS[0]}.")
    middle = (low + high) / 2
    order = [float(low), float(high)]
    for level in (level for level in LEVELS if level <= most):
        fresh = [x for x in nodes(level, low, high).tolist() if min(abs(x - y) for y in order) > SAME]
        order += sorted(fresh, key=lambda x: (round(abs(x - middle), 9), x))
    return order


@dataclass(frozen=True, eq=False)
class Interpolant:
    """The polynomial through `values` (nodes, …) at distinct, ascending `nodes`; values keep their dtype."""

    nodes: Sequence[float] | np.ndarray
    values: np.ndarray

    def at(self, x: float) -> np.ndarray:
        """The value at `x`, of the shape of one node's value; at a node exactly that node's value.

        Raises `SpecError` outside the nodes: nothing is extrapolated.
        """
        row = self.weights(x)
        if row.max() == 1 and np.count_nonzero(row) == 1:
            return np.asarray(self.values[row.argmax()])
        return np.asarray(np.tensordot(row.astype(self.values.dtype), self.values, axes=1))

    def weights(self, x: float) -> np.ndarray:
        """How much each node counts at `x`: float64, (nodes,), sums to one; a value is weights · values.

        >>> Interpolant([0.0, 0.5, 1.0], np.zeros(3)).weights(0.25).tolist()
        [0.375, 0.75, -0.125]
        """
        grid = np.asarray(self.nodes, dtype=np.float64)
        if not grid[0] - SAME <= x <= grid[-1] + SAME:
            raise SpecError(f"{x:g} lies outside the curve: choose between {grid[0]:g} and {grid[-1]:g}.")
        distance = x - grid
        nearest = np.abs(distance).argmin()
        if abs(distance[nearest]) <= SAME:
            return np.asarray(np.arange(len(grid)) == nearest, dtype=np.float64)
        row = self._barycentric / distance
        return np.asarray(row / row.sum())

    @cached_property
    def _barycentric(self) -> np.ndarray:
        grid = np.asarray(self.nodes, dtype=np.float64)
        gaps = 4 * (grid[:, None] - grid) / max(grid[-1] - grid[0], SAME)
        np.fill_diagonal(gaps, 1.0)
        return np.asarray(1 / gaps.prod(axis=1))
