"""The inner loops that trim thresholds are found by: counts of magnitudes by bin, and look-ups in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codemix_lab.merging.kernels import MAGNITUDE, Bits, Rows, compiled

Places = NDArray[np.int64]

LANE = 64
"""Elements looked at together for whether any of them matters."""
LOW_BITS = np.uint32(15)
LOW_MASK = np.uint32(0x7FFF)
BINS = 1 << 16
"""A bin holds the magnitudes that share all but their lowest 15 bits."""


@compiled
def _count_bins(bits: Bits, counts: Bits) -> None:
    for value in bits:
        counts[(value & MAGNITUDE) >> LOW_BITS] += np.uint32(1)


@compiled
def _count_inside(bits: Bits, rows: NDArray[np.int16], counts: Bits) -> None:
    for value in bits:
        row = rows[(value & MAGNITUDE) >> LOW_BITS]
        if row >= 0:
            counts[row, value & LOW_MASK] += np.uint32(1)


@compiled
def _count_in_one_bin(bits: Bits, first: np.uint32, counts: Bits) -> None:
    for start in range(0, bits.size, LANE):
        run = bits[start : start + LANE]
        hits = np.uint32(0)
        for i in range(run.size):
            low = np.uint32(np.uint32(run[i] & MAGNITUDE) - first)
            hits = np.uint32(hits | np.uint32(low <= LOW_MASK))
        if hits:
            for i in range(run.size):
                low = np.uint32(np.uint32(run[i] & MAGNITUDE) - first)
                if low <= LOW_MASK:
                    counts[low] += np.uint32(1)


@compiled
def count_bins(bits: Bits, segments: Rows, counts: Bits) -> None:
    """Add to `counts` (BINS,) how many float32 values, given as uint32 `bits`, fall in each bin."""
    for i in range(segments.shape[0]):
        _count_bins(bits[segments[i, 0] : segments[i, 1]], counts)


@compiled
def count_inside(bits: Bits, segments: Rows, rows: NDArray[np.int16], counts: Bits) -> None:
    """Count low bits, row by row, of values whose bin has a row (`rows`: (BINS,), −1 where none)."""
    for i in range(segments.shape[0]):
        _count_inside(bits[segments[i, 0] : segments[i, 1]], rows, counts)


@compiled
def count_bins_by_tensor(bits: Bits, segments: Rows, counts: Bits) -> None:
    """As `count_bins`, but each tensor by itself: `counts` (tensors, BINS)."""
    for i in range(segments.shape[0]):
        _count_bins(bits[segments[i, 0] : segments[i, 1]], counts[segments[i, 2]])


@compiled
def _count_half_bins(halves: NDArray[np.uint16], counts: Bits) -> None:
    for value in halves:
        counts[(value & np.uint16(0x7FFF)) << np.uint16(1)] += np.uint32(1)


@compiled
def count_half_bins_by_tensor(halves: NDArray[np.uint16], segments: Rows, counts: Bits) -> None:
    """As `count_bins_by_tensor`, of bfloat16 given as its bits: each value has a bin of its own."""
    for i in range(segments.shape[0]):
        _count_half_bins(halves[segments[i, 0] : segments[i, 1]], counts[segments[i, 2]])


@compiled
def count_one_bin_by_pool(bits: Bits, segments: Rows, first: Bits, pool: Places, counts: Bits) -> None:
    """Count low bits in `counts` (pools, 2¹⁵); `first`: lower edge of each tensor's bin; `pool`: its row."""
    for i in range(segments.shape[0]):
        owner = segments[i, 2]
        _count_in_one_bin(bits[segments[i, 0] : segments[i, 1]], first[owner], counts[pool[owner]])


@compiled
def reach_down(counts: Bits) -> None:
    """Turn counts by bin, (tensors, bins), into how many lie in that bin or a higher one, in place."""
    for row in range(counts.shape[0]):
        reached = np.uint32(0)
        for place in range(counts.shape[1] - 1, -1, -1):
            reached = np.uint32(reached + counts[row, place])
            counts[row, place] = reached


@compiled
def find_bins(reached: Bits, members: Places, ends: Places, wanted: Places, found: Places) -> None:
    """Into `found` (pools, 2): the bin that holds the k-th largest of a pool, and its rank inside that bin.

    `reached`: as `reach_down` leaves it; pool i has the tensors members[ends[i] : ends[i + 1]] and
    asks for rank wanted[i].
    """
    for pool in range(wanted.size):
        tensors = members[ends[pool] : ends[pool + 1]]
        low, high, above = 0, reached.shape[1], np.int64(0)
        while high - low > 1:
            middle, count = (low + high) // 2, np.int64(0)
            for tensor in tensors:
                count += np.int64(reached[tensor, middle])
            if count >= wanted[pool]:
                low = middle
            else:
                high, above = middle, count
        found[pool, 0], found[pool, 1] = low, wanted[pool] - above


@compiled
def find_low(tables: NDArray[np.uint32], pool: int, rank: int) -> int:
    """The low bits of the element of a rank, counted from 1, by the sum of several tables (n, pools, 2¹⁵)."""
    reached = np.int64(0)
    for low in range(tables.shape[2] - 1, -1, -1):
        for table in range(tables.shape[0]):
            reached += np.int64(tables[table, pool, low])
        if reached >= rank:
            return low
    return 0
