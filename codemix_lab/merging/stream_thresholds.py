"""Exact trim thresholds of changes that are read piece by piece and do not fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codemix_lab.merging import kernels
from codemix_lab.merging.thresholds import cut, evenly

_MOST = 1 << 31
"""Elements counted in 32 bits before they are added up in 64."""


def streamed_largest(pieces: Callable[[], Iterator[Tensor]], ranks: list[int]) -> list[float]:
    """The k-th largest magnitude over all pieces, exactly, for every k in `ranks`; pieces are read twice.

    The first reading counts magnitudes by their upper 19 bits, which tells the bin of each threshold;
    the second counts the lower 12 bits inside these bins.

    >>> streamed_largest(lambda: iter([torch.tensor([0.5, 0.0]), torch.tensor([-1.0, 2.0])]), [1, 3])
    [2.0, 0.5]
    """
    wanted = np.asarray(ranks, dtype=np.int64)
    counts = _gather(pieces, (kernels.BINS,), kernels.count_bins)
    filled = np.flatnonzero(counts)[::-1]
    reached = np.cumsum(counts[filled])
    place = np.searchsorted(reached, wanted)
    bins = filled[place]
    inside = wanted - (reached[place] - counts[bins])
    distinct, row = np.unique(bins, return_inverse=True)
    rows = np.full(kernels.BINS, -1, dtype=np.int16)
    rows[distinct] = np.arange(len(distinct))
    low = _gather(
        pieces,
        (len(distinct), int(kernels.LOW_MASK) + 1),
        lambda bits, group, into: kernels.count_inside(bits, group, rows, into),
    )
    from_above = np.cumsum(low[:, ::-1], axis=1)
    below = [int(np.searchsorted(from_above[r], k)) for r, k in zip(row, inside, strict=True)]
    low_bits = int(kernels.LOW_MASK) - np.array(below, dtype=np.int64)
    chosen = ((bins << int(kernels.LOW_BITS)) | low_bits).astype(np.uint32)
    return [float(value) for value in chosen.view(np.float32)]


def _gather(
    pieces: Callable[[], Iterator[Tensor]],
    shape: tuple[int, ...],
    count: Callable[[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint32]], None],
) -> NDArray[np.int64]:
    """Counts summed over pieces, threads side by side."""
    threads = torch.get_num_threads()
    sums = np.zeros(shape, dtype=np.int64)
    parts = np.zeros((threads, *shape), dtype=np.uint32)
    waiting = 0
    for piece in pieces():
        bits = piece.numpy().view(np.uint32)
        groups = evenly(cut([(0, len(bits))]), threads)

        def one(i: int, bits: NDArray[np.uint32] = bits, groups: list[NDArray[np.int64]] = groups) -> None:
            count(bits, groups[i], parts[i])

        kernels.share(one, range(len(groups)), threads)
        waiting += len(bits)
        if waiting > _MOST:
            sums += parts.sum(axis=0, dtype=np.int64)
            parts[:] = 0
            waiting = 0
    return sums + parts.sum(axis=0, dtype=np.int64)
