"""The inner loops of streamed merges: bfloat16 to float32 and back, differences, and magnitudes around an interval.

`merge_halves` and `inspect_halves` do all of it in registers, for one task vector between bfloat16 files.

Given blocks that fit the processor's cache; bfloat16 comes as its bits, in uint16. Integers are narrowed
after every operation, since numba widens them to 64 bits, which halves the elements of an instruction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codemix_lab.merging.kernels import Floats, compiled

Halves = NDArray[np.uint16]

BLOCK = 1 << 16
"""Elements of a block: 128 kB in float32."""
_MARKS = 1 << 12
"""Elements marked with a byte each, of which eight are looked at together."""
_SIGNLESS = np.int32(0x7FFFFFFF)
_NOT_FINITE = np.uint32(0x7F800000)


@compiled
def widen(halves: Halves, out: Floats) -> None:
    """bfloat16 as float32, exactly."""
    bits = out.view(np.uint32)
    for i in range(halves.size):
        bits[i] = np.uint32(np.uint32(halves[i]) << np.uint32(16))


@compiled
def narrow(values: Floats, out: Halves) -> bool:
    """Round float32 to bfloat16, half to even as PyTorch does; whether all values were finite."""
    bits = values.view(np.uint32)
    bad = np.uint32(0)
    for i in range(values.size):
        value = bits[i]
        bad = np.uint32(bad | np.uint32(np.uint32(value & _NOT_FINITE) == _NOT_FINITE))
        odd = np.uint32(np.uint32(value >> np.uint32(16)) & np.uint32(1))
        out[i] = np.uint16(np.uint32(np.uint32(value + np.uint32(0x7FFF)) + odd) >> np.uint32(16))
    return bool(bad == 0)


@compiled
def subtract(theirs: Floats, ours: Floats, out: Floats) -> bool:
    """theirs − ours; whether all differences are finite."""
    bits = out.view(np.uint32)
    bad = np.uint32(0)
    for i in range(out.size):
        out[i] = theirs[i] - ours[i]
        bad = np.uint32(bad | np.uint32(np.uint32(bits[i] & _NOT_FINITE) == _NOT_FINITE))
    return bool(bad == 0)


@compiled
def subtract_halves(theirs: Halves, ours: Floats, out: Floats) -> bool:
    """As `subtract`, from bfloat16."""
    bits = out.view(np.uint32)
    bad = np.uint32(0)
    for i in range(out.size):
        out[i] = np.uint32(np.uint32(theirs[i]) << np.uint32(16)).view(np.float32) - ours[i]
        bad = np.uint32(bad | np.uint32(np.uint32(bits[i] & _NOT_FINITE) == _NOT_FINITE))
    return bool(bad == 0)


@compiled
def is_finite(values: Floats) -> bool:
    """Whether no value is NaN or infinite."""
    bits = values.view(np.uint32)
    bad = np.uint32(0)
    for i in range(bits.size):
        bad = np.uint32(bad | np.uint32(np.uint32(bits[i] & _NOT_FINITE) == _NOT_FINITE))
    return bool(bad == 0)


@compiled
def inspect(
    values: Floats, low: np.float32, high: np.float32, counts: NDArray[np.int64], inside: Floats
) -> int:
    """Where magnitudes lie relative to the interval from `low` to `high`, both at least 0.

    Adds to `counts` how many are > high, ≥ high and ≥ low; writes those strictly between to the
    beginning of `inside` and returns how many there are.
    """
    bits = values.view(np.int32)
    bottom, top = np.float32(low).view(np.int32), np.float32(high).view(np.int32)
    marks = np.zeros(_MARKS, dtype=np.uint8)
    words = marks.view(np.uint64)
    found = 0
    for start in range(0, bits.size, _MARKS):
        run = bits[start : start + _MARKS]
        above, at_high, at_low = np.int32(0), np.int32(0), np.int32(0)
        for i in range(run.size):
            size = np.int32(run[i] & _SIGNLESS)
            above = np.int32(above + np.int32(size > top))
            at_high = np.int32(at_high + np.int32(size >= top))
            at_low = np.int32(at_low + np.int32(size >= bottom))
            marks[i] = np.uint8(np.int32(size > bottom) & np.int32(size < top))
        counts[0] += above
        counts[1] += at_high
        counts[2] += at_low
        for word in range((run.size + 7) // 8):
            if words[word]:
                for i in range(8 * word, min(8 * word + 8, run.size)):
                    if marks[i]:
                        inside[found] = np.int32(run[i] & _SIGNLESS).view(np.float32)
                        found += 1
    return found


@compiled
def _distance(one: np.uint16, other: np.uint16) -> np.int32:
    before = np.uint32(np.uint32(one) << np.uint32(16)).view(np.float32)
    after = np.uint32(np.uint32(other) << np.uint32(16)).view(np.float32)
    return np.int32(np.float32(after - before).view(np.int32) & _SIGNLESS)


@compiled
def merge_halves(
    ours: Halves, theirs: Halves, out: Halves, scaling: np.float32, least: np.float32, weight: np.float32
) -> bool:
    """θ + λ·w·trim(θ′ − θ) from bfloat16 to bfloat16; whether all differences and results are finite.

    The same float32 operations, in the same order, as `subtract_halves`, `merge_one` and `narrow`.
    """
    bad = np.uint32(0)
    for i in range(out.size):
        before = np.uint32(np.uint32(ours[i]) << np.uint32(16)).view(np.float32)
        delta = np.uint32(np.uint32(theirs[i]) << np.uint32(16)).view(np.float32) - before
        kept = delta if abs(delta) >= least else np.float32(0)
        value = np.float32(before + scaling * (kept * weight)).view(np.uint32)
        bits = np.float32(delta).view(np.uint32)
        bad = np.uint32(bad | np.uint32(np.uint32(bits & _NOT_FINITE) == _NOT_FINITE))
        bad = np.uint32(bad | np.uint32(np.uint32(value & _NOT_FINITE) == _NOT_FINITE))
        odd = np.uint32(np.uint32(value >> np.uint32(16)) & np.uint32(1))
        out[i] = np.uint16(np.uint32(np.uint32(value + np.uint32(0x7FFF)) + odd) >> np.uint32(16))
    return bool(bad == 0)


@compiled
def inspect_halves(
    ours: Halves,
    theirs: Halves,
    low: np.float32,
    high: np.float32,
    counts: NDArray[np.int64],
    inside: Floats,
) -> int:
    """As `inspect`, of the differences θ′ − θ of bfloat16; −1 where one is not finite."""
    bottom, top = np.float32(low).view(np.int32), np.float32(high).view(np.int32)
    marks = np.zeros(_MARKS, dtype=np.uint8)
    words = marks.view(np.uint64)
    found, largest = 0, np.int32(0)
    for start in range(0, ours.size, _MARKS):
        before, after = ours[start : start + _MARKS], theirs[start : start + _MARKS]
        above, at_high, at_low = np.int32(0), np.int32(0), np.int32(0)
        for i in range(before.size):
            size = _distance(before[i], after[i])
            above = np.int32(above + np.int32(size > top))
            at_high = np.int32(at_high + np.int32(size >= top))
            at_low = np.int32(at_low + np.int32(size >= bottom))
            marks[i] = np.uint8(np.int32(size > bottom) & np.int32(size < top))
            largest = np.int32(max(largest, size))
        counts[0] += above
        counts[1] += at_high
        counts[2] += at_low
        for word in range((before.size + 7) // 8):
            if words[word]:
                for i in range(8 * word, min(8 * word + 8, before.size)):
                    if marks[i]:
                        inside[found] = np.int32(_distance(before[i], after[i])).view(np.float32)
                        found += 1
    return -1 if np.uint32(largest) >= _NOT_FINITE else found
