"""Exact trim thresholds of a task vector, for every density of the slider at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codemix_lab.config import MergeSpec, TrimScope
from codemix_lab.merging import kernels
from codemix_lab.merging.flat import FlatLayout
from codemix_lab.merging.ties import kept, kth_largest

SEGMENT = 1 << 20
_SORTED = 1 << 16
_SPREAD = 1 << 23


class Thresholds:
    """For one task vector: which magnitude the k-th largest change has, for any density and scope.

    Two counting passes find the exact thresholds of all densities that the slider can take: the
    first counts how many magnitudes share their upper bits, which tells the bin that each threshold
    lies in; the second counts the lower bits inside those bins. Nothing is sorted and no copy of
    the task vector is made. The result is kept: a later density of the slider is a look-up.
    """

    def __init__(self, flat: Tensor, layout: FlatLayout) -> None:
        """`flat` is a float32 buffer in `layout`; it must not change afterwards."""
        self._flat = flat
        self._spans = layout.spans
        self._known: dict[TrimScope, dict[float, NDArray[np.float32]]] = {scope: {} for scope in TrimScope}

    def at(self, density: float, scope: TrimScope) -> NDArray[np.float32]:
        """Smallest magnitude kept in each tensor, shape (tensors,): equal to what `trim` uses."""
        known = self._known[scope]
        if density not in known:
            on_cpu = self._flat.device.type == "cpu"
            wanted = [density] if known or not on_cpu else sorted({density, *slider_densities()})
            find = self._count if on_cpu else self._select
            known.update(zip(wanted, find(wanted, scope), strict=True))
        return known[density]

    def _select(self, densities: Sequence[float], scope: TrimScope) -> NDArray[np.float32]:
        """One density after the other with PyTorch's own selection, on any device."""
        magnitudes = [self._flat[start:stop].abs() for start, stop in self._spans]
        if scope is TrimScope.GLOBAL:
            together = torch.cat(magnitudes) if magnitudes else self._flat
            rows = [[_threshold(together, density)] * len(magnitudes) for density in densities]
        else:
            rows = [[_threshold(each, density) for each in magnitudes] for density in densities]
        return np.array(rows, dtype=np.float32).reshape(len(densities), len(magnitudes))

    def _count(self, densities: Sequence[float], scope: TrimScope) -> NDArray[np.float32]:
        """All densities at once by counting; shape (densities, tensors)."""
        found = np.zeros((len(densities), len(self._spans)), dtype=np.float32)
        bits = self._flat.numpy().view(np.uint32)
        sizes = [stop - start for start, stop in self._spans]
        threads = min(torch.get_num_threads(), 1 + sum(sizes) // _SPREAD)

        def one_tensor(index: int, threads: int = 1) -> None:
            ranks = [kept(sizes[index], density) for density in densities]
            found[:, index] = largest(bits, cut([self._spans[index]]), ranks, threads)

        if scope is TrimScope.GLOBAL:
            if sum(sizes):
                ranks = [kept(sum(sizes), density) for density in densities]
                found[:] = largest(bits, cut(self._spans), ranks, threads)[:, None]
            return found
        for index in (i for i, size in enumerate(sizes) if size > _SPREAD):
            one_tensor(index, threads)
        kernels.share(one_tensor, [i for i, size in enumerate(sizes) if 0 < size <= _SPREAD], threads)
        return found


def slider_densities() -> tuple[float, ...]:
    """Every density that the declared range and step of `MergeSpec.density` allow."""
    declared = MergeSpec.parameters()["density"]
    low, high, step = (cast(float, value) for value in (declared.low, declared.high, declared.step))
    return tuple(round(low + i * step, 10) for i in range(round((high - low) / step) + 1))


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


def largest(
    bits: NDArray[np.uint32], segments: NDArray[np.int64], ranks: Sequence[int], threads: int = 1
) -> NDArray[np.float32]:
    """The k-th largest magnitude among the segments' elements for every k in `ranks`, exactly.

    `bits` are float32 values read as integers; 1 ≤ k ≤ number of elements.

    >>> values = np.array([0.5, 0.0, -1.0, 2.0], dtype=np.float32)
    >>> largest(values.view(np.uint32), cut([(0, 4)]), [1, 3]).tolist()
    [2.0, 0.5]
    """
    wanted = np.asarray(ranks, dtype=np.int64)
    if len(segments) == 1 and segments[0, 1] - segments[0, 0] <= _SORTED:
        start, stop, _ = segments[0]
        ascending: NDArray[np.uint32] = np.sort(bits[start:stop] & kernels.MAGNITUDE)
        chosen: NDArray[np.uint32] = ascending[stop - start - wanted]
        return chosen.view(np.float32)

    groups = evenly(segments, threads)
    counts = np.zeros((len(groups), kernels.BINS), dtype=np.uint32)
    kernels.share(lambda i: kernels.count_bins(bits, groups[i], counts[i]), range(len(groups)), threads)
    per_bin = counts.sum(axis=0, dtype=np.int64)
    filled = np.flatnonzero(per_bin)[::-1]
    reached = np.cumsum(per_bin[filled])
    place = np.searchsorted(reached, wanted)
    bins = filled[place]
    rank_inside = wanted - (reached[place] - per_bin[bins])

    distinct, row = np.unique(bins, return_inverse=True)
    rows = np.full(kernels.BINS, -1, dtype=np.int16)
    rows[distinct] = np.arange(len(distinct))
    low = np.zeros((len(groups), len(distinct), int(kernels.LOW_MASK) + 1), dtype=np.uint32)
    kernels.share(lambda i: kernels.count_inside(bits, groups[i], rows, low[i]), range(len(groups)), threads)
    from_above = np.cumsum(low.sum(axis=0, dtype=np.int64)[:, ::-1], axis=1)
    below = [int(np.searchsorted(from_above[r], k)) for r, k in zip(row, rank_inside, strict=True)]
    low_bits = int(kernels.LOW_MASK) - np.array(below, dtype=np.int64)
    return ((bins << int(kernels.LOW_BITS)) | low_bits).astype(np.uint32).view(np.float32)


def _threshold(magnitudes: Tensor, density: float) -> float:
    size = magnitudes.numel()
    return kth_largest(magnitudes, kept(size, density)) if size else 0.0
