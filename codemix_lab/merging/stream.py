"""A merge of any size: tensor by tensor from mapped files, equal to the reference element by element."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
import torch
from torch import Tensor

from codemix_lab.merging import kernels, stream_kernels
from codemix_lab.merging.bounds import pools, ranks, trims
from codemix_lab.merging.flat import check_finite, is_finite, not_finite
from codemix_lab.merging.kernels import Floats
from codemix_lab.merging.live import kernel_for
from codemix_lab.merging.merge import majority, merge_piece
from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.shards import Shape
from codemix_lab.merging.sources import Change, FileTaskVector, Raw, load, raw
from codemix_lab.merging.spread import cut_pieces, spread
from codemix_lab.merging.stream_kernels import BLOCK, Halves, merge_halves, narrow
from codemix_lab.merging.stream_thresholds import streamed_largest
from codemix_lab.models.weights import backbone_names
from codemix_lab.progress import ShouldStop, raise_if_stopped

PIECE = 1 << 23
"""Merged elements in memory at a time: 16 MB in bfloat16."""


@dataclass(frozen=True, eq=False)
class StreamedMerge:
    """θ_base + λ·combine(τ₁ … τₙ), computed when a tensor is asked for and forgotten at once.

    `base`: tensors by their names in the file (`models.weights.Weights`). Backbone tensors are
    merged, heads and integers are the base's. At most `piece` merged elements are in memory, except
    for methods that need a tensor whole. Task vectors exist in blocks that fit the processor's cache;
    trimming reads the weights once more than merging does, twice more where a sample misled it.
    """

    base: Mapping[str, Tensor]
    vectors: Sequence[FileTaskVector]
    recipe: Recipe
    tied: Mapping[str, str]
    should_stop: ShouldStop | None = None
    piece: int = PIECE

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """What is written: names as in the base's files, tied ones once."""
        return {
            name: Shape(tuple(tensor.shape), tensor.dtype)
            for name, tensor in self.base.items()
            if name not in self.tied
        }

    def pieces(self, name: str) -> Iterator[Tensor]:
        """The merged tensor in flat pieces of the base's dtype.

        Two pieces live at a time: the memory of one is written to again when the next but one is asked for.
        Raises `CheckpointError` for NaN and infinite values, `Cancelled` when asked to stop.
        """
        if name not in self._places:
            yield self.base[name].contiguous()
            return
        least, below = self._bounds_of(name)
        place = self._places[name]
        tensor = self.base[name]
        whole = self.recipe.method.whole or "seed" in self.recipe.method.reads
        cuts = [(0, tensor.numel())] if whole else cut_pieces(tensor.numel(), self.piece)
        changes = [vector.change(name) for vector in self.vectors]
        for start, stop in cuts:
            raise_if_stopped(self.should_stop)
            about = Piece(
                self._inner[place], tensor, self.recipe, self._factors[place], least, below, self._sign
            )
            if whole:
                deltas = [_whole(change).view(tensor.shape) for change in changes]
                merged = merge_piece(deltas, about)
                check_finite(merged, name, "the merged model")
            else:
                self._rooms.rotate()
                merged = self._rooms[0][: (stop - start) * tensor.element_size()].view(tensor.dtype)
                _merge_run(changes, replace(about, base=tensor.reshape(-1)), start, stop, name, merged)
            yield merged

    @cached_property
    def _rooms(self) -> deque[Tensor]:
        """Memory for two pieces, made once: fresh memory costs as much as the merge."""
        largest = max(
            min(self.piece, self.base[own].numel()) * self.base[own].element_size() for own in self._own
        )
        return deque(torch.empty(largest, dtype=torch.uint8) for _ in range(2))

    @cached_property
    def _own(self) -> list[str]:
        return [own for own in backbone_names(self.base).values() if self.base[own].is_floating_point()]

    @cached_property
    def _inner(self) -> list[str]:
        inner = {own: name for name, own in backbone_names(self.base).items()}
        return [inner[own] for own in self._own]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {own: place for place, own in enumerate(self._own)}

    @cached_property
    def _factors(self) -> tuple[float, ...]:
        return self.recipe.factors(self._inner)

    @cached_property
    def _pools(self) -> dict[int, list[int]]:
        return {place: pool for pool in pools(self._inner, self.recipe.scope) for place in pool}

    @cached_property
    def _known(self) -> dict[tuple[int, ...], tuple[list[float], list[float]]]:
        return {}

    def _bounds_of(self, name: str) -> tuple[list[float], list[float]]:
        """Smallest magnitude kept, and the one from which on none is, for each task vector."""
        count = len(self.vectors)
        if not trims(self.recipe):
            return [0.0] * count, [math.inf] * count
        pool = tuple(self._pools[self._places[name]])
        if pool not in self._known:
            if len(pool) == 1:
                self._known.clear()
            self._known[pool] = self._count(pool)
        return self._known[pool]

    def _count(self, pool: Sequence[int]) -> tuple[list[float], list[float]]:
        size = sum(self.base[self._own[place]].numel() for place in pool)
        if size == 0:
            return [0.0] * len(self.vectors), [math.inf] * len(self.vectors)
        lowest, top = ranks(self.recipe, size)
        wanted = [lowest, top] if top else [lowest]
        least, below = [], []
        for vector in self.vectors:
            changes = [vector.change(self._own[place]) for place in pool]
            found = streamed_largest(changes, wanted, self.should_stop)
            least.append(found[0])
            below.append(found[1] if top else math.inf)
        return least, below

    @cached_property
    def _sign(self) -> float:
        if self.recipe.preset.zero != "majority":
            return 1.0
        return majority(self._all(), self.recipe)

    def _all(self) -> Iterator[tuple[Sequence[Tensor], Piece]]:
        for own in self._own:
            least, below = self._bounds_of(own)
            tensor = self.base[own].reshape(-1)
            about = Piece(own, tensor, self.recipe, 1.0, least, below)
            changes = [vector.change(own) for vector in self.vectors]
            for start, stop in cut_pieces(tensor.numel(), self.piece):
                raise_if_stopped(self.should_stop)
                yield [_whole(change, start, stop) for change in changes], about


def _whole(change: Change, start: int = 0, stop: int | None = None) -> Tensor:
    """A run of a change in memory of its own, all of it unless told otherwise."""
    end = change.size if stop is None else stop
    return torch.from_numpy(change.read(start, end, np.empty((2, end - start), dtype=np.float32)))


def _merge_run(
    changes: Sequence[Change], about: Piece, start: int, stop: int, name: str, merged: Tensor
) -> None:
    """Elements start to stop of a flat tensor into `merged`: from bfloat16 to bfloat16 in one loop where that serves, else
    block by block, by the live engine's loop where the recipe has one."""
    base, written = raw(about.base), raw(merged)
    kernel = kernel_for(about.recipe, len(changes)) if about.factor else None
    least = np.array(about.least, dtype=np.float32)[:, None]
    factors, weights = np.array([about.factor], dtype=np.float32), np.array(about.weights, dtype=np.float32)
    halves = changes[0].halves if kernel is kernels.merge_one else None

    def merge_span(first: int, last: int) -> None:
        if halves is not None:
            before, after = (part[start + first : start + last] for part in halves)
            out = cast(Halves, written[first:last])
            if merge_halves(before, after, out, factors[0], least[0, 0], weights[0]):
                return
        room = np.empty((2 * len(changes) + 2, BLOCK), dtype=np.float32)
        for at, end in cut_pieces(last - first, BLOCK):
            here = slice(start + first + at, start + first + end)
            ours = load(base, here, room[-1])
            taus = tuple(c.read(here.start, here.stop, room[2 * i :], ours) for i, c in enumerate(changes))
            if kernel is None:
                part = replace(about, base=about.base[here])
                found = merge_piece([torch.from_numpy(tau) for tau in taus], part)
                merged[first + at : first + end] = found
                good = is_finite(found)
            else:
                values = room[-2, : end - at]
                kernel(ours, taus, values, np.array([[0, end - at, 0]]), least, factors, weights)
                good = _round(values, written[first + at : first + end])
            if not good:
                raise not_finite(name, "the merged model")

    spread(merge_span, len(merged))


def _round(values: Floats, out: Raw) -> bool:
    """Write values in the dtype of `out`; whether all of them are finite there."""
    if isinstance(out, Tensor):
        return is_finite(out.copy_(torch.from_numpy(values)))
    if out.dtype == np.uint16:
        return narrow(values, out)
    out[:] = values
    return stream_kernels.is_finite(out)
