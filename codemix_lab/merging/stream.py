"""A merge of any size: tensor by tensor from mapped files, equal to the reference element by element."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from codemix_lab.merging.bounds import pools, ranks, trims
from codemix_lab.merging.flat import check_finite
from codemix_lab.merging.live import kernel_for
from codemix_lab.merging.merge import majority, merge_piece
from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.shards import Shape
from codemix_lab.merging.sources import PIECE, FileTaskVector, Pieces
from codemix_lab.merging.spread import cut_pieces, spread
from codemix_lab.merging.stream_thresholds import streamed_largest
from codemix_lab.merging.ties import kth_largest
from codemix_lab.models.weights import backbone_names
from codemix_lab.progress import ShouldStop, raise_if_stopped

_SORTED = 1 << 18
"""Elements up to which selecting is faster than counting."""


@dataclass(frozen=True, eq=False)
class StreamedMerge:
    """θ_base + λ·combine(τ₁ … τₙ), computed when a tensor is asked for and forgotten at once.

    `base`: tensors by their names in the file (`models.weights.Weights`). Backbone tensors are
    merged, heads and integers are the base's. At most `piece` elements of each task vector are in
    memory, except for methods that need a tensor whole. Thresholds of a tensor in one piece cost no
    further reading; a larger tensor, and scopes of many tensors, are read twice more.
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
        for start, stop in cuts:
            raise_if_stopped(self.should_stop)
            deltas = self._read(name, start, stop)
            about = Piece(
                self._inner[place], tensor, self.recipe, self._factors[place], least, below, self._sign
            )
            if whole:
                merged = merge_piece([delta.view(tensor.shape) for delta in deltas], about)
                check_finite(merged, name, "the merged model")
            else:
                merged = _merge_spans(deltas, replace(about, base=tensor.reshape(-1)[start:stop]), name)
            yield merged

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
    def _read(self) -> Pieces:
        return Pieces(self.vectors)

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
        for number in range(len(self.vectors)):

            def changes(number: int = number) -> Iterator[Tensor]:
                for place in pool:
                    own = self._own[place]
                    for start, stop in cut_pieces(self.base[own].numel(), self.piece):
                        raise_if_stopped(self.should_stop)
                        yield self._read(own, start, stop)[number]

            if size <= _SORTED:
                together = torch.cat([change.abs() for change in changes()])
                found = [kth_largest(together, rank) for rank in wanted]
            else:
                found = streamed_largest(changes, wanted)
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
            about = Piece(own, self.base[own], self.recipe, 1.0, least, below)
            for start, stop in cut_pieces(self.base[own].numel(), self.piece):
                raise_if_stopped(self.should_stop)
                yield self._read(own, start, stop), replace(about)


def _merge_spans(deltas: Sequence[Tensor], about: Piece, name: str) -> Tensor:
    """One piece, span by span: by the live engine's compiled loop where the recipe has one."""
    merged = torch.empty_like(about.base)
    kernel = kernel_for(about.recipe, len(deltas)) if about.factor else None
    least = np.array(about.least, dtype=np.float32)[:, None]
    factors, weights = np.array([about.factor], dtype=np.float32), np.array(about.weights, dtype=np.float32)

    def merge_span(start: int, stop: int) -> None:
        parts = [delta[start:stop] for delta in deltas]
        base = about.base[start:stop]
        if kernel is None:
            part = merge_piece(parts, replace(about, base=base))
        else:
            part = torch.empty(stop - start, dtype=torch.float32)
            taus, rows = tuple(p.numpy() for p in parts), np.array([[0, stop - start, 0]])
            kernel(base.to(torch.float32).numpy(), taus, part.numpy(), rows, least, factors, weights)
        merged[start:stop] = part
        check_finite(merged[start:stop] if merged.dtype == torch.float16 else part, name, "the merged model")

    spread(merge_span, len(merged))
    return merged
