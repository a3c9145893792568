"""Live merging: move λ, density, method or scope and have the merged weights at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codemix_lab.config import MergeMethod, TiesPreset, TrimScope
from codemix_lab.merging import kernels
from codemix_lab.merging.bounds import trims
from codemix_lab.merging.flat import FlatLayout
from codemix_lab.merging.kernels import Floats
from codemix_lab.merging.merge import majority, merge_piece, whose
from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.sources import Raw, load, raw
from codemix_lab.merging.task_vector import TaskVector
from codemix_lab.merging.thresholds import Thresholds, cut, evenly

KERNELS: dict[int, Callable[..., None]] = {1: kernels.merge_one, 2: kernels.merge_two, 3: kernels.merge_three}
_GROUPS_PER_THREAD = 8
_WIDENED = 1 << 17


Rows = Mapping[str, Sequence[int]]
"""For a matrix by name (an embedding), the rows that will be read; all of them for names left out."""


class LiveMerge:
    """A base, its task vectors and one merged state that is rewritten in place.

    Base, task vectors and merged weights are one flat float32 buffer each, a `TaskVector` kept in
    bfloat16 half of one; the merged parameters are views. Every state equals `merge(...)` element by element and is computed from the base, so
    nothing drifts. Everything stays on the device of the base.

    Memory: the base is copied, a `TaskVector` of the same base is used where it lies (other
    mappings are copied), the merged buffer is made by the first `at`. Drop the base state dict
    after construction and the peak is base + task vectors + merged.
    """

    def __init__(self, base: Mapping[str, Tensor], task_vectors: Sequence[Mapping[str, Tensor]]) -> None:
        """Raises `SpecError` without a task vector, `IncompatibleError` when names or shapes differ,
        and `CheckpointError` for NaN or infinite values."""
        if not task_vectors:
            Recipe(0.0).check(0)
        self._layout = layout = FlatLayout.of(base)
        device = layout.device(base)
        self._dtypes = {name: tensor.dtype for name, tensor in base.items()}
        self._others = {name: t.clone() for name, t in base.items() if not t.is_floating_point()}
        self._base = layout.gather(base, device, "the base checkpoint")
        self._taus = [
            tau.laid_out(layout, device, whose(i))
            if isinstance(tau, TaskVector)
            else layout.gather(tau, device, whose(i))
            for i, tau in enumerate(task_vectors)
        ]
        self._thresholds = [Thresholds(tau, layout) for tau in self._taus]
        self._segments = cut(layout.spans)
        self._whole = np.array([(a, b, i) for i, (a, b) in enumerate(layout.spans)], dtype=np.int64)
        self._merged: Tensor | None = None
        self._views: dict[str, Tensor] = {}
        self._shown: tuple[Recipe, Hashable, int] | None = None
        self._parts: tuple[Hashable, NDArray[np.int64]] | None = None
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextlib.contextmanager
    def at(
        self,
        scaling: float | Recipe,
        density: float = 1.0,
        method: MergeMethod = MergeMethod.TIES,
        scope: TrimScope = TrimScope.TENSOR,
        *,
        rows: Rows | None = None,
        exact: bool = True,
    ) -> Iterator[dict[str, Tensor]]:
        """The merged state dict, kept still for as long as the block runs.

        Takes a `Recipe`, or the most common parts of one. Floating tensors are float32 views (before
        rounding to the base's dtype), valid inside the block only; other threads wait for its end.

        With `rows`, only those rows of the named matrices are sure to be up to date: enough for
        sentences made of these pieces, and much faster. With `exact=False`, for a slider that still
        moves, thresholds are off by less than one part in 256. Raises `SpecError` for values out of
        range; one thread cannot hold two states at a time (`RuntimeError`).

        >>> live = LiveMerge({"w": torch.ones(4)}, [{"w": torch.tensor([4.0, -3.0, 1.0, 0.0])}])
        >>> with live.at(0.5, density=0.5) as state:
        ...     state["w"].tolist()
        [3.0, -0.5, 1.0, 1.0]
        """
        wanted = _recipe(scaling, density, method, scope)
        wanted.check(len(self._taus))
        if self._holder == threading.get_ident():
            raise RuntimeError(
                "at() inside at(): leave the first block, or take a snapshot(), before asking again."
            )
        with self._lock:
            self._holder = threading.get_ident()
            try:
                self._show(wanted.reduced(len(self._taus)), rows, exact)
                yield {
                    name: self._views[name] if name in self._views else self._others[name]
                    for name in self._dtypes
                }
            finally:
                self._holder = None

    def snapshot(
        self,
        scaling: float | Recipe,
        density: float = 1.0,
        method: MergeMethod = MergeMethod.TIES,
        scope: TrimScope = TrimScope.TENSOR,
    ) -> dict[str, Tensor]:
        """Fresh copies in the base's dtypes, equal to `merge_by(...)`: for export or fine-tuning.

        Always exact and whole. Tied names share one tensor. Raises as `at` does.
        """
        with self.at(scaling, density, method, scope) as state:
            tied = dict(self._layout.aliases)
            copies = {
                name: tensor.to(self._dtypes[name], copy=True)
                for name, tensor in state.items()
                if name not in tied
            }
        return {name: copies[tied.get(name, name)] for name in self._dtypes}

    def sources(self) -> tuple[dict[str, Tensor], list[dict[str, Tensor]]]:
        """Base and task vectors as views of the buffers they lie in, each in its dtype. Do not write to them."""
        return self._layout.views(self._base), [self._layout.views(tau) for tau in self._taus]

    @torch.no_grad()
    def _show(self, wanted: Recipe, rows: Rows | None, exact: bool) -> None:
        """Rewrite the merged buffer, unless it shows `wanted` and nobody has written to it since."""
        if self._merged is None:
            with torch.inference_mode(False):
                self._merged = torch.empty_like(self._base)
                self._views = self._layout.views(self._merged)
        exact = exact or not trims(wanted)
        part = None if rows is None or wanted.method.whole else _key(rows)
        known = [(wanted, key, self._merged._version) for key in ((None, True), (part, True), (part, exact))]
        if self._shown in known:
            return
        self._shown = None
        if wanted.scaling == 0:
            part = None
            self._merged.copy_(self._base)
        else:
            segments = self._segments if rows is None or part is None else self._segments_of(rows, part)
            self._fill(self._merged, wanted, segments, exact)
        self._shown = (wanted, (part, exact), self._merged._version)

    def _segments_of(self, rows: Rows, key: Hashable) -> NDArray[np.int64]:
        """The segments of everything but the rows that are left out; kept for the next change."""
        if self._parts is None or self._parts[0] != key:
            whole = [i for i, name in enumerate(self._layout.names) if name not in rows]
            parts = [self._segments[np.isin(self._segments[:, 2], whole)]]
            for place, (name, (start, stop)) in enumerate(
                zip(self._layout.names, self._layout.spans, strict=True)
            ):
                if name in rows and stop > start:
                    chosen = np.unique(np.asarray(rows[name], dtype=np.int64))
                    breaks = np.flatnonzero(np.diff(chosen) != 1) + 1
                    first = chosen[np.concatenate([[0], breaks])] if len(chosen) else chosen
                    last = chosen[np.concatenate([breaks - 1, [-1]])] if len(chosen) else chosen
                    width = (stop - start) // self._layout.shapes[place][0]
                    owner = np.full(len(first), place)
                    parts.append(np.stack([start + first * width, start + (last + 1) * width, owner], axis=1))
            self._parts = key, np.concatenate(parts)
        return self._parts[1]

    def _fill(self, merged: Tensor, wanted: Recipe, segments: NDArray[np.int64], exact: bool) -> None:
        limits = [thresholds.of(wanted, exact) for thresholds in self._thresholds]
        least, below = (np.stack(each).astype(np.float32) for each in zip(*limits, strict=True))
        kernel = kernel_for(wanted, len(self._taus)) if merged.device.type == "cpu" else None
        if kernel is None:
            self._fill_by_torch(merged, wanted, segments, least, below)
        else:
            self._fill_compiled(kernel, merged, wanted, segments, least)

    def _fill_compiled(
        self,
        kernel: Callable[..., None],
        merged: Tensor,
        wanted: Recipe,
        segments: NDArray[np.int64],
        least: NDArray[np.float32],
    ) -> None:
        base, out, taus = self._base.numpy(), merged.numpy(), tuple(raw(tau) for tau in self._taus)
        if any(tau.dtype != torch.float32 for tau in self._taus):
            kernel = partial(_widen_and_merge, kernel)
        factors = np.array(wanted.factors(self._layout.names), dtype=np.float32)
        weights = np.array(wanted.shares(len(taus)), dtype=np.float32)
        threads = torch.get_num_threads()
        groups = evenly(segments, threads * _GROUPS_PER_THREAD)
        kernels.share(lambda group: kernel(base, taus, out, group, least, factors, weights), groups, threads)
        for place in np.flatnonzero(factors == 0).tolist():
            start, stop = self._layout.spans[place]
            merged[start:stop] = self._base[start:stop]

    def _fill_by_torch(
        self,
        merged: Tensor,
        wanted: Recipe,
        segments: NDArray[np.int64],
        least: NDArray[np.float32],
        below: NDArray[np.float32],
    ) -> None:
        """The reference's own functions, piece by piece: any device, any method, any number of task vectors."""
        factors = wanted.factors(self._layout.names)

        def pieces(segments: NDArray[np.int64]) -> Iterator[tuple[list[Tensor], Piece, slice]]:
            for start, stop, owner in segments.tolist():
                name, where = self._layout.names[owner], slice(start, stop)
                limits = least[:, owner].tolist(), below[:, owner].tolist()
                piece = Piece(name, self._base[where], wanted, factors[owner], *limits)
                yield [tau[where].to(torch.float32) for tau in self._taus], piece, where

        sign = majority(((deltas, piece) for deltas, piece, _ in pieces(self._segments)), wanted)
        drops = "seed" in wanted.method.reads
        asked = self._whole if wanted.method.whole or drops else segments
        for deltas, piece, where in pieces(asked):
            if where.stop > where.start:
                merged[where] = merge_piece(deltas, replace(piece, majority=sign))


def _recipe(scaling: float | Recipe, density: float, method: MergeMethod, scope: TrimScope) -> Recipe:
    return scaling if isinstance(scaling, Recipe) else Recipe(scaling, density, method, scope)


def kernel_for(wanted: Recipe, count: int) -> Callable[..., None] | None:
    """The compiled loop for a recipe, where there is one."""
    if wanted.method is MergeMethod.TASK_ARITHMETIC:
        return kernels.merge_one if count == 1 else kernels.merge_sum
    plain = wanted.preset is TiesPreset.LAB or (count == 1 and wanted.preset.merge != "weighted-mean")
    return KERNELS.get(count) if wanted.method is MergeMethod.TIES and plain else None


def _widen_and_merge(
    kernel: Callable[..., None],
    base: Floats,
    taus: Sequence[Raw],
    out: Floats,
    segments: NDArray[np.int64],
    *rest: NDArray[np.float32],
) -> None:
    """As `kernel`, with task vectors in bfloat16: they are float32 in a part that fits the cache."""
    rooms = [np.empty(_WIDENED, dtype=np.float32) for _ in taus]
    for start, stop, owner in segments.tolist():
        for at in range(start, stop, _WIDENED):
            here = slice(at, min(at + _WIDENED, stop))
            parts = tuple(load(tau, here, room) for tau, room in zip(taus, rooms, strict=True))
            kernel(base[here], parts, out[here], np.array([[0, len(base[here]), owner]]), *rest)


def _key(rows: Rows) -> Hashable:
    return tuple((name, tuple(chosen)) for name, chosen in sorted(rows.items()))
