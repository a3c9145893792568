"""The inner loops of streamed merges: bfloat16 to float32 and back, differences, and magnitudes around an interval.

Given blocks that fit the processor's cache; bfloat16 comes as its bits, in uint16. Integers are narrowed
after every operation, since numba widens them to 64 bits, which halves the elements of an instruction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codemix_lab.merging.kernels import LANE, Floats, compiled

Halves = NDArray[np.uint16]

BLOCK = 1 << 16
"""Elements of a block: 128 kB in float32."""
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
    found = 0
    for start in range(0, bits.size, LANE):
        run = bits[start : start + LANE]
        above, at_high, at_low, between = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
        for i in range(run.size):
            size = np.int32(run[i] & _SIGNLESS)
            above = np.int32(above + np.int32(size > top))
            at_high = np.int32(at_high + np.int32(size >= top))
            at_low = np.int32(at_low + np.int32(size >= bottom))
            between = np.int32(between + np.int32(np.int32(size > bottom) & np.int32(size < top)))
        counts[0] += above
        counts[1] += at_high
        counts[2] += at_low
        if between:
            for i in range(run.size):
                size = np.int32(run[i] & _SIGNLESS)
                if bottom < size < top:
                    inside[found] = np.int32(size).view(np.float32)
                    found += 1
    return found
