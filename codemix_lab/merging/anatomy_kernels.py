"""The inner loops of the anatomy: one reading of a task vector, or of two side by side, for all its sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codemix_lab.merging.kernels import BLOCK, MAGNITUDE, Floats, compiled, share, summing
from codemix_lab.merging.spread import cut_pieces

Sums = NDArray[np.float64]

ENERGY_BINS = 1 << 12
"""A bin of energies holds the magnitudes that share 8 exponent bits and 4 of the mantissa."""
_PIECE = 1 << 20


@compiled
def _count_energy(values: Floats, found: Sums) -> None:
    bits = values.view(np.uint32)
    for i in range(values.size):
        place = np.uint32(bits[i] & MAGNITUDE) >> np.uint32(19)
        found[place, 0] += 1.0
        found[place, 1] += np.float64(values[i]) * np.float64(values[i])


@summing
def _square(values: Floats) -> float:
    whole = 0.0
    for start in range(0, values.size, BLOCK):
        run, part = values[start : start + BLOCK], np.float32(0)
        for i in range(run.size):
            part += run[i] * run[i]
        whole += float(part)
    return whole


@summing
def _compare(one: Floats, other: Floats, found: Sums) -> None:
    for start in range(0, one.size, BLOCK):
        first, second = one[start : start + BLOCK], other[start : start + BLOCK]
        inner, square, other_square = np.float32(0), np.float32(0), np.float32(0)
        opposed, wins = np.int32(0), np.int32(0)
        for i in range(first.size):
            a, b = first[i], second[i]
            inner += a * b
            square += a * a
            other_square += b * b
            against = np.int32(((a > 0) & (b < 0)) | ((a < 0) & (b > 0)))
            opposed = np.int32(opposed + against)
            wins = np.int32(wins + np.int32(against & np.int32(abs(a) >= abs(b))))
        found[0] += inner
        found[1] += square
        found[2] += other_square
        found[3] += opposed
        found[4] += wins


def energies(taus: Sequence[Tensor]) -> list[Sums]:
    """For each tensor, elements and squared length by bin of magnitude, smallest first; shape (ENERGY_BINS, 2)."""

    def work(which: int, start: int, stop: int) -> Sums:
        found = np.zeros((ENERGY_BINS, 2))
        _count_energy(_floats(taus[which], start, stop), found)
        return found

    return _summed(work, [tau.numel() for tau in taus], (ENERGY_BINS, 2))


def squared_lengths(tensors: Sequence[Tensor]) -> list[float]:
    """‖θ‖² of each tensor.

    >>> squared_lengths([torch.tensor([3.0, 0.0, -4.0, 0.0])])
    [25.0]
    """

    def work(which: int, start: int, stop: int) -> Sums:
        return np.array(_square(_floats(tensors[which], start, stop)))

    return [float(found) for found in _summed(work, [tensor.numel() for tensor in tensors], ())]


def compare(ones: Sequence[Tensor], others: Sequence[Tensor]) -> list[Sums]:
    """For each pair ⟨a, b⟩, ‖a‖², ‖b‖², elements that moved in opposite directions, and those of them where |a| ≥ |b|.

    >>> compare([torch.tensor([4.0, -3.0, 1.0, 0.0])], [torch.tensor([2.0, 5.0, -0.5, 0.0])])[0].tolist()
    [-7.5, 26.0, 29.25, 2.0, 1.0]
    """

    def work(which: int, start: int, stop: int) -> Sums:
        found = np.zeros(5)
        _compare(_floats(ones[which], start, stop), _floats(others[which], start, stop), found)
        return found

    return _summed(work, [one.numel() for one in ones], (5,))


def _floats(tensor: Tensor, start: int, stop: int) -> Floats:
    return tensor.detach().reshape(-1)[start:stop].to("cpu", torch.float32).numpy()


def _summed(
    work: Callable[[int, int, int], Sums], sizes: Sequence[int], shape: tuple[int, ...]
) -> list[Sums]:
    """The results of all pieces of each tensor added up in their order, so that threads change nothing.

    The pieces of all tensors are shared out together: one small tensor does not keep a thread waiting.
    """
    pieces = [(which, *cut) for which, size in enumerate(sizes) for cut in cut_pieces(size, _PIECE)]
    parts = [np.zeros(shape)] * len(pieces)

    def one(i: int) -> None:
        parts[i] = work(*pieces[i])

    share(one, range(len(pieces)), torch.get_num_threads())
    sums = [np.zeros(shape) for _ in sizes]
    for (which, _, _), part in zip(pieces, parts, strict=True):
        sums[which] += part
    return sums
