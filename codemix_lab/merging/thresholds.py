"""Exact trim thresholds of a task vector from histograms that are made once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codemix_lab.config import MergeMethod, TrimScope
from codemix_lab.merging import kernels, threshold_kernels
from codemix_lab.merging.bounds import pools, ranks, trims
from codemix_lab.merging.flat import FlatLayout
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.sources import raw
from codemix_lab.merging.threshold_kernels import Places
from codemix_lab.merging.ties import kth_largest

SEGMENT = 1 << 20
_SORTED = 1 << 16
"""Pools up to this size are selected from directly; larger ones are counted."""


class Thresholds:
    """For one task vector: which magnitudes a recipe keeps, for any density, preset and scope.

    One pass, made once, counts for every large tensor how many magnitudes share their upper 16 bits.
    Added up from the top they tell, for any scope, the bin that a threshold lies in, in a few look-ups; a
    second, lighter pass counts the lower bits inside that bin and makes it exact. Nothing is sorted but
    small tensors, and no copy of the task vector is made. What was found once is a look-up.
    """

    def __init__(self, flat: Tensor, layout: FlatLayout) -> None:
        """`flat` is a float32 or bfloat16 buffer in `layout`; it must not change afterwards."""
        self._flat = flat
        self._names, self._spans = layout.names, layout.spans
        self._sizes = [stop - start for start, stop in layout.spans]
        self._select_all = flat.device.type != "cpu"
        self._tables: NDArray[np.uint32] | None = None
        self._sorted: dict[tuple[int, ...], NDArray[np.float32]] = {}
        self._known: dict[Hashable, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}

    def of(self, recipe: Recipe, exact: bool = True) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Smallest magnitude kept in each tensor, and the one from which on none is; shapes (tensors,).

        Equal to `bounds`; without `exact` the lower edges of their bins, which keep a few changes more.
        """
        kept = recipe.preset.kept
        key = (recipe.density, recipe.scope, kept, recipe.method.option_names and recipe.options)
        for known in ((key, True), (key, exact)):
            if known in self._known:
                return self._known[known]
        least = np.zeros(len(self._spans), dtype=np.float32)
        below = np.full(len(self._spans), np.inf, dtype=np.float32)
        if trims(recipe):
            self._find(recipe, exact, least, below)
        self._known[(key, exact)] = (least, below)
        return least, below

    def at(self, density: float, scope: TrimScope) -> NDArray[np.float32]:
        """Smallest magnitude kept in each tensor by the lab's own TIES."""
        return self.of(Recipe(1.0, density, MergeMethod.TIES, scope))[0]

    def _find(
        self, recipe: Recipe, exact: bool, least: NDArray[np.float32], below: NDArray[np.float32]
    ) -> None:
        asked = [
            (pool, ranks(recipe, size))
            for pool in pools(self._names, recipe.scope)
            if (size := sum(self._sizes[place] for place in pool))
        ]
        lowest = self._largest([pool for pool, _ in asked], [low for _, (low, _) in asked], exact)
        topped = [(pool, top) for pool, (_, top) in asked if top]
        highest = self._largest([pool for pool, _ in topped], [top for _, top in topped], exact)
        for (pool, _), value in zip(asked, lowest, strict=True):
            least[pool] = value
        for (pool, _), value in zip(topped, highest, strict=True):
            below[pool] = value

    def _largest(self, pools: Sequence[list[int]], wanted: Sequence[int], exact: bool) -> list[float]:
        """The k-th largest magnitude of each pool of tensors, k from `wanted`."""
        if self._select_all:
            return [kth_largest(self._magnitudes(pool), k) for pool, k in zip(pools, wanted, strict=True)]
        found = [0.0] * len(pools)
        small = [i for i, pool in enumerate(pools) if sum(self._sizes[p] for p in pool) <= _SORTED]
        large = [i for i in range(len(pools)) if i not in set(small)]
        for i in small:
            found[i] = float(self._in_order(pools[i])[-wanted[i]])
        if large:
            asked = [pools[i] for i in large], [wanted[i] for i in large]
            chosen = self._by_counting(*asked, exact, torch.get_num_threads())
            for i, value in zip(large, chosen, strict=True):
                found[i] = value
        return found

    def _in_order(self, pool: list[int]) -> NDArray[np.float32]:
        """The magnitudes of a small pool, smallest first; sorted once."""
        if tuple(pool) not in self._sorted:
            self._sorted[tuple(pool)] = np.sort(self._magnitudes(pool).numpy())
        return self._sorted[tuple(pool)]

    def _magnitudes(self, pool: list[int]) -> Tensor:
        return torch.cat([self._flat[slice(*self._spans[place])].abs().float() for place in pool])

    def _by_counting(
        self, pools: Sequence[list[int]], wanted: Sequence[int], exact: bool, threads: int
    ) -> list[float]:
        members = np.array([place for pool in pools for place in pool], dtype=np.int64)
        ends = np.cumsum([0, *map(len, pools)])
        places = np.zeros((len(pools), 2), dtype=np.int64)
        threshold_kernels.find_bins(
            self._reached(threads), members, ends, np.asarray(wanted, dtype=np.int64), places
        )
        found = places[:, 0] << int(threshold_kernels.LOW_BITS)
        if exact and self._flat.dtype == torch.float32:
            found |= self._low_bits(pools, found, places[:, 1], threads)
        return [float(value) for value in found.astype(np.uint32).view(np.float32)]

    def _low_bits(self, pools: Sequence[list[int]], edges: Places, inside: Places, threads: int) -> Places:
        """What makes each threshold exact, by one reading: the low bits of a rank inside the bin of each pool."""
        first = np.zeros(len(self._spans), dtype=np.uint32)
        row_of = np.zeros(len(self._spans), dtype=np.int64)
        members = [(0, 0)] * len(self._spans)
        for row, pool in enumerate(pools):
            first[pool], row_of[pool] = edges[row], row
            for place in pool:
                members[place] = self._spans[place]
        groups = evenly(cut(members), threads)
        tables = np.zeros((len(groups), len(pools), int(threshold_kernels.LOW_MASK) + 1), dtype=np.uint32)
        bits = self._flat.numpy().view(np.uint32)
        kernels.share(
            lambda g: threshold_kernels.count_one_bin_by_pool(bits, groups[g], first, row_of, tables[g]),
            range(len(groups)),
            threads,
        )
        return np.array(
            [threshold_kernels.find_low(tables, row, rank) for row, rank in enumerate(inside.tolist())]
        )

    def _reached(self, threads: int) -> NDArray[np.uint32]:
        """How many magnitudes of each tensor fall in each bin or a higher one, (tensors, BINS); counted once."""
        if self._tables is None:
            counts = np.zeros((len(self._spans), threshold_kernels.BINS), dtype=np.uint32)
            half = self._flat.dtype == torch.bfloat16
            count = (
                threshold_kernels.count_half_bins_by_tensor
                if half
                else threshold_kernels.count_bins_by_tensor
            )
            bits: Any = raw(self._flat) if half else self._flat.numpy().view(np.uint32)
            groups = evenly(cut(self._spans), threads)
            shared = [counts] + [np.zeros_like(counts) for _ in groups[1:]]
            kernels.share(
                lambda g: count(bits, groups[g], shared[g]),
                range(len(groups)),
                threads,
            )

            def add_up(rows: slice) -> None:
                for other in shared[1:]:
                    counts[rows] += other[rows]
                threshold_kernels.reach_down(counts[rows])

            kernels.share(add_up, [slice(row, row + 1) for row in range(len(counts))], threads)
            self._tables = counts
        return self._tables


def cut(spans: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Spans in pieces of at most `SEGMENT` elements: rows of start, stop and position in `spans`.

    >>> cut([(0, 3), (16, 16), (32, 34)]).tolist()
    [[0, 3, 0], [32, 34, 2]]
    """
    rows = [
        (at, min(at + SEGMENT, stop), position)
        for position, (start, stop) in enumerate(spans)
        for at in range(start, stop, SEGMENT)
    ]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 3)


def evenly(segments: NDArray[np.int64], parts: int) -> list[NDArray[np.int64]]:
    """Segments in at most `parts` neighbouring groups with about the same number of elements."""
    ends = np.cumsum(segments[:, 1] - segments[:, 0])
    goals = [ends[-1] * i / parts for i in range(1, parts)] if len(ends) else []
    groups = np.split(segments, np.searchsorted(ends, goals))
    return [group for group in groups if len(group)]
