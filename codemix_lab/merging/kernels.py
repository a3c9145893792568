"""The inner loops of the live engine, compiled by numba.

Every function releases the GIL and runs on the calling thread only; `share` spreads work over
several threads. Numba's own parallel loops are left alone on purpose: their
threading layer may abort the process when two Python threads enter it at once.

No fast-math in merges: products are rounded before they are added, which makes every element equal to
the reference merge.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Taus = tuple[Floats, ...]
Bits = NDArray[np.uint32]
Rows = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., object])
Item = TypeVar("Item")

MAGNITUDE = np.uint32(0x7FFFFFFF)
"""Clears the sign bit; as integers, the bits of non-negative floats have the order of their values."""
BLOCK = 1 << 12
"""Elements that stay in the processor's cache between two loops."""


def compiled(function: Function, fastmath: bool | set[str] = False) -> Function:
    """Compile on first use; keep the machine code on disk where a folder for it can be written."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        return cast(Function, numba.njit(function, cache=True, **options))
    except RuntimeError:
        return cast(Function, numba.njit(function, **options))


def summing(function: Function) -> Function:
    """As `compiled`, for statistics: sums are taken in whatever order is fastest."""
    return compiled(function, fastmath={"reassoc"})


@compiled
def _trimmed(
    base: Floats, one: Floats, out: Floats, scaling: np.float32, least: np.float32, weight: np.float32
) -> None:
    for i in range(base.size):
        a = one[i] if abs(one[i]) >= least else np.float32(0)
        out[i] = base[i] + scaling * (a * weight)


@compiled
def _elected_of_two(
    base: Floats,
    one: Floats,
    two: Floats,
    out: Floats,
    scaling: np.float32,
    least_one: np.float32,
    least_two: np.float32,
    weights: Floats,
) -> None:
    weight_one, weight_two = weights[0], weights[1]
    for i in range(base.size):
        a = weight_one * (one[i] if abs(one[i]) >= least_one else np.float32(0))
        b = weight_two * (two[i] if abs(two[i]) >= least_two else np.float32(0))
        sign = np.float32(1) if a + b >= 0 else np.float32(-1)
        has_a, has_b = a * sign > 0, b * sign > 0
        summed = (a if has_a else np.float32(0)) + (b if has_b else np.float32(0))
        count = np.float32(2) if has_a and has_b else np.float32(1)
        out[i] = base[i] + scaling * (summed / count)


@compiled
def _elected_of_three(
    base: Floats,
    one: Floats,
    two: Floats,
    three: Floats,
    out: Floats,
    scaling: np.float32,
    least_one: np.float32,
    least_two: np.float32,
    least_three: np.float32,
    weights: Floats,
) -> None:
    weight_one, weight_two, weight_three = weights[0], weights[1], weights[2]
    for i in range(base.size):
        a = weight_one * (one[i] if abs(one[i]) >= least_one else np.float32(0))
        b = weight_two * (two[i] if abs(two[i]) >= least_two else np.float32(0))
        c = weight_three * (three[i] if abs(three[i]) >= least_three else np.float32(0))
        sign = np.float32(1) if a + b + c >= 0 else np.float32(-1)
        has_a, has_b, has_c = a * sign > 0, b * sign > 0, c * sign > 0
        summed = (a if has_a else np.float32(0)) + (b if has_b else np.float32(0))
        summed += c if has_c else np.float32(0)
        count = np.float32(has_a) + np.float32(has_b) + np.float32(has_c)
        out[i] = base[i] + scaling * (summed / max(count, np.float32(1)))


@compiled
def _add(one: Floats, two: Floats, out: Floats, weight_one: np.float32, weight_two: np.float32) -> None:
    for i in range(out.size):
        out[i] = weight_one * one[i] + weight_two * two[i]


@compiled
def _add_to(out: Floats, one: Floats, weight: np.float32) -> None:
    for i in range(out.size):
        out[i] += weight * one[i]


@compiled
def _scale_and_add(base: Floats, out: Floats, scaling: np.float32) -> None:
    for i in range(out.size):
        out[i] = base[i] + scaling * out[i]


@compiled
def merge_sum(
    base: Floats, taus: Taus, out: Floats, segments: Rows, least: Floats, factors: Floats, weights: Floats
) -> None:
    """base + λ·(sum of two or more task vectors); arguments as in `merge_one`, nothing is trimmed."""
    for row in range(segments.shape[0]):
        for start in range(segments[row, 0], segments[row, 1], BLOCK):
            stop = min(start + BLOCK, segments[row, 1])
            _add(taus[0][start:stop], taus[1][start:stop], out[start:stop], weights[0], weights[1])
            for further in range(2, len(taus)):
                _add_to(out[start:stop], taus[further][start:stop], weights[further])
            _scale_and_add(base[start:stop], out[start:stop], factors[segments[row, 2]])


@compiled
def merge_one(
    base: Floats, taus: Taus, out: Floats, segments: Rows, least: Floats, factors: Floats, weights: Floats
) -> None:
    """base + λ·w·trim(τ). `segments`: rows of start, stop, tensor; `least`: (τ, tensor); `factors`: λ by tensor."""
    for row in range(segments.shape[0]):
        start, stop, owner = segments[row, 0], segments[row, 1], segments[row, 2]
        _trimmed(
            base[start:stop],
            taus[0][start:stop],
            out[start:stop],
            factors[owner],
            least[0, owner],
            weights[0],
        )


@compiled
def merge_two(
    base: Floats, taus: Taus, out: Floats, segments: Rows, least: Floats, factors: Floats, weights: Floats
) -> None:
    """base + λ·TIES of two task vectors; arguments as in `merge_one`."""
    for row in range(segments.shape[0]):
        start, stop, owner = segments[row, 0], segments[row, 1], segments[row, 2]
        _elected_of_two(
            base[start:stop],
            taus[0][start:stop],
            taus[1][start:stop],
            out[start:stop],
            factors[owner],
            least[0, owner],
            least[1, owner],
            weights,
        )


@compiled
def merge_three(
    base: Floats, taus: Taus, out: Floats, segments: Rows, least: Floats, factors: Floats, weights: Floats
) -> None:
    """base + λ·TIES of three task vectors; arguments as in `merge_one`."""
    for row in range(segments.shape[0]):
        start, stop, owner = segments[row, 0], segments[row, 1], segments[row, 2]
        _elected_of_three(
            base[start:stop],
            taus[0][start:stop],
            taus[1][start:stop],
            taus[2][start:stop],
            out[start:stop],
            factors[owner],
            least[0, owner],
            least[1, owner],
            least[2, owner],
            weights,
        )


def share(work: Callable[[Item], object], items: Sequence[Item], threads: int) -> None:
    """Call `work` on every item, on up to `threads` threads; the caller is one of them."""
    waiting = deque(items)

    def drain() -> None:
        while True:
            try:
                item = waiting.popleft()
            except IndexError:
                return
            work(item)

    helpers = min(threads, len(items)) - 1
    others = [_pool().submit(drain) for _ in range(helpers)]
    try:
        drain()
    finally:
        waiting.clear()
        for other in others:
            other.result()


_executor: ThreadPoolExecutor | None = None


def _pool() -> ThreadPoolExecutor:
    global _executor
    if _executor is None:
        _executor = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="merge")
    return _executor


def _forget_pool() -> None:
    global _executor
    _executor = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
