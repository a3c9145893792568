"""Exact trim thresholds of changes that are read block by block and do not fit in memory."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codemix_lab.merging import threshold_kernels
from codemix_lab.merging.kernels import Floats
from codemix_lab.merging.sources import Change
from codemix_lab.merging.spread import SPAN, spread
from codemix_lab.merging.stream_kernels import BLOCK, inspect, inspect_halves
from codemix_lab.progress import ShouldStop, raise_if_stopped

_SORTED = 1 << 16
"""Elements up to which they are read at once and selected from."""
_RUN = 32
"""Neighbours that are looked at together."""
_SAMPLE = 1 << 16
_DEVIATIONS = 4.0
_SHARE_INSIDE = 16
"""More than one element in so many inside an interval, and the sample was no guide."""


def streamed_largest(
    changes: Sequence[Change], ranks: Sequence[int], should_stop: ShouldStop | None = None
) -> list[float]:
    """The k-th largest magnitude over all changes, exactly, for every k in `ranks`.

    A sample tells an interval that should hold it; one reading counts what lies above and collects
    what lies inside, which proves or refutes it (after Floyd and Rivest 1975, doi 10.1145/360680.360691).
    Where the sample misled, two more readings count bits: slower, and never wrong.

    Raises `CheckpointError` for NaN and infinite values, `Cancelled` when asked to stop.
    """
    size = sum(change.size for change in changes)
    raise_if_stopped(should_stop)
    if size <= _SORTED:
        together = np.sort(np.concatenate([_all(change) for change in changes]))
        return [float(together[size - rank]) for rank in ranks]
    found = _by_interval(changes, ranks, size, should_stop)
    return (
        found if found is not None else _by_counting(changes, np.asarray(ranks, dtype=np.int64), should_stop)
    )


@dataclass
class _Interval:
    """Where a threshold is looked for, and what was seen: > high, ≥ high, ≥ low, and strictly between."""

    low: np.float32
    high: np.float32
    counts: list[NDArray[np.int64]] = field(default_factory=list)
    inside: list[Floats] = field(default_factory=list)

    def note(self, counts: NDArray[np.int64], inside: Floats) -> None:
        """Add what was seen; from any thread."""
        self.counts.append(counts)
        self.inside.append(inside.copy())

    def largest(self, rank: int) -> float | None:
        """The magnitude of a rank, if the interval holds it."""
        above, at_high, at_low = np.sum(self.counts, axis=0).tolist()
        between = np.concatenate(self.inside)
        if above < rank <= at_high:
            return float(self.high)
        if at_high < rank <= at_high + len(between):
            place = len(between) - (rank - at_high)
            return float(np.partition(between, place)[place])
        return float(self.low) if at_high + len(between) < rank <= at_low else None


def _by_interval(
    changes: Sequence[Change], ranks: Sequence[int], size: int, should_stop: ShouldStop | None
) -> list[float] | None:
    sample = _sample(changes, min(_SAMPLE, size // 16), size)
    intervals = [_interval(sample, rank / size) for rank in ranks]
    most = size // _SHARE_INSIDE
    rooms: deque[Floats] = deque()
    for change in changes:

        def look(start: int, stop: int, change: Change = change) -> None:
            raise_if_stopped(should_stop)
            room = rooms.pop() if rooms else np.empty(max(SPAN, 3 * BLOCK), dtype=np.float32)
            for interval in intervals:
                _inspect(change, start, stop, interval, room)
            rooms.append(room)

        spread(look, change.size)
        if max(sum(map(len, interval.inside)) for interval in intervals) > most:
            return None
    found = [interval.largest(rank) for interval, rank in zip(intervals, ranks, strict=True)]
    return None if None in found else [value for value in found if value is not None]


def _inspect(change: Change, start: int, stop: int, interval: _Interval, room: Floats) -> None:
    """Note what a span holds: at once from the bits where both sides are bfloat16, else block by block."""
    if change.halves is not None:
        counts = np.zeros(3, dtype=np.int64)
        ours, theirs = (part[start:stop] for part in change.halves)
        held = inspect_halves(ours, theirs, interval.low, interval.high, counts, room)
        if held >= 0:
            interval.note(counts, room[:held])
            return
    blocks = room[: 3 * BLOCK].reshape(3, BLOCK)
    for at in range(start, stop, BLOCK):
        counts = np.zeros(3, dtype=np.int64)
        delta = change.read(at, min(at + BLOCK, stop), blocks)
        held = inspect(delta, interval.low, interval.high, counts, blocks[2])
        interval.note(counts, blocks[2, :held])


def _sample(changes: Sequence[Change], wanted: int, size: int) -> Floats:
    """About `wanted` magnitudes from everywhere."""
    parts = []
    for change in changes:
        runs = max(1, wanted * change.size // size // _RUN)
        starts = np.arange(runs) * max(0, change.size - _RUN) // runs
        places = (starts[:, None] + np.arange(min(_RUN, change.size))).reshape(-1)
        parts.append(np.abs(change.sample(places)))
    return np.concatenate(parts)


def _interval(sample: Floats, share: float) -> _Interval:
    """Around the magnitude that a share of all exceed: some standard deviations to each side."""
    size = len(sample)
    margin = _DEVIATIONS * math.sqrt(size * share * (1 - share)) + 1
    first, last = math.floor((1 - share) * size - margin), math.ceil((1 - share) * size + margin)
    sample = np.partition(sample, np.clip([first, last], 0, size - 1))
    low = sample[first] if first > 0 else np.float32(0)
    high = sample[last] if last < size else np.float32(np.inf)
    return _Interval(np.float32(low), np.float32(high))


def _by_counting(
    changes: Sequence[Change], wanted: NDArray[np.int64], should_stop: ShouldStop | None
) -> list[float]:
    """Counts of the upper bits tell the bin of each threshold, counts of the lower ones its place inside."""
    counts = _gather(changes, (threshold_kernels.BINS,), threshold_kernels.count_bins, should_stop)
    filled = np.flatnonzero(counts)[::-1]
    reached = np.cumsum(counts[filled])
    place = np.searchsorted(reached, wanted)
    bins = filled[place]
    inside = wanted - (reached[place] - counts[bins])
    distinct, row = np.unique(bins, return_inverse=True)
    rows = np.full(threshold_kernels.BINS, -1, dtype=np.int16)
    rows[distinct] = np.arange(len(distinct))
    low = _gather(
        changes,
        (len(distinct), int(threshold_kernels.LOW_MASK) + 1),
        lambda bits, group, into: threshold_kernels.count_inside(bits, group, rows, into),
        should_stop,
    )
    from_above = np.cumsum(low[:, ::-1], axis=1)
    below = [int(np.searchsorted(from_above[r], k)) for r, k in zip(row, inside, strict=True)]
    low_bits = int(threshold_kernels.LOW_MASK) - np.array(below, dtype=np.int64)
    chosen = ((bins << int(threshold_kernels.LOW_BITS)) | low_bits).astype(np.uint32)
    return [float(value) for value in chosen.view(np.float32)]


def _gather(
    changes: Sequence[Change],
    shape: tuple[int, ...],
    count: Callable[[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint32]], None],
    should_stop: ShouldStop | None,
) -> NDArray[np.int64]:
    """Counts summed over all changes; every thread has a table of its own."""
    sums = np.zeros(shape, dtype=np.int64)
    for change in changes:
        tables: dict[int, NDArray[np.uint32]] = {}

        def look(
            start: int, stop: int, change: Change = change, tables: dict[int, NDArray[np.uint32]] = tables
        ) -> None:
            raise_if_stopped(should_stop)
            if threading.get_ident() not in tables:
                tables[threading.get_ident()] = np.zeros(shape, dtype=np.uint32)
            room = np.empty((2, BLOCK), dtype=np.float32)
            for at in range(start, stop, BLOCK):
                bits = change.read(at, min(at + BLOCK, stop), room).view(np.uint32)
                count(bits, np.array([[0, len(bits), 0]]), tables[threading.get_ident()])

        spread(look, change.size)
        for table in tables.values():
            sums += table
    return sums


def _all(change: Change) -> Floats:
    return np.abs(change.read(0, change.size, np.empty((2, change.size), dtype=np.float32)))
