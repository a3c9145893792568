"""The grids of one desk: read from disk when asked for, a bounded number kept in memory, changed under a lock."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.evaluation.score_grid import ScoreGrid
from codemix_lab.evaluation.shapes import shape
from codemix_lab.experiments import grids

if TYPE_CHECKING:
    from codemix_lab.evaluation.merge_scorer import MergeScorer

KEPT = 24
"""Grids in memory, a fifth of a megabyte each."""


def plane_of(spec: MergeSpec) -> MergeSpec:
    """All of a merge but λ and density: what spans one grid."""
    return shape(spec).replace(density=1.0)


class Planes:
    """What is known of every grid that was asked for, by `plane_of`."""

    def __init__(self, task: TaskSpec, probe: ProbeSpec) -> None:
        self._task, self._probe = task, probe
        self._grids: OrderedDict[MergeSpec, ScoreGrid] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, spec: MergeSpec) -> ScoreGrid | None:
        """All that is known of the grid that `spec` lies on; None while that is nothing."""
        plane = plane_of(spec)
        with self._lock:
            if plane not in self._grids:
                kept = grids.kept_grid(spec, self._task, self._probe)
                if kept is None:
                    return None
                self._put(plane, kept)
            self._grids.move_to_end(plane)
            return self._grids[plane]

    def true(self, spec: MergeSpec, scorer: MergeScorer) -> ScoreGrid:
        """The grid of the scorer that is open: what was kept for another one goes."""
        kept = self.known(spec)
        if kept is None or kept.fingerprint != scorer.fingerprint:
            kept = grids.new_grid(scorer)
            with self._lock:
                self._put(plane_of(spec), kept)
        return kept

    def change(self, spec: MergeSpec, change: Callable[[ScoreGrid], ScoreGrid]) -> None:
        """Put a changed grid in the place of the one that is there."""
        plane = plane_of(spec)
        with self._lock:
            if plane in self._grids:
                self._grids[plane] = change(self._grids[plane])

    def save(self, spec: MergeSpec) -> None:
        """Write what is known of a grid to disk. Raises `StorageError`."""
        grid = self.known(spec)
        if grid is not None:
            grids.keep(grid, spec, self._task, self._probe)

    def _put(self, plane: MergeSpec, grid: ScoreGrid) -> None:
        self._grids[plane] = grid
        while len(self._grids) > KEPT:
            self._grids.popitem(last=False)
