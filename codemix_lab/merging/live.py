"""Live merging: move λ, density, method or scope and have the merged weights at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codemix_lab.config import MergeMethod, TrimScope
from codemix_lab.merging import kernels
from codemix_lab.merging.flat import FlatLayout
from codemix_lab.merging.merge import check_parameters, combine, whose
from codemix_lab.merging.task_arithmetic import add_scaled
from codemix_lab.merging.task_vector import TaskVector
from codemix_lab.merging.thresholds import Thresholds, cut, evenly
from codemix_lab.merging.ties import keep_at_least

KERNELS: dict[int, Callable[..., None]] = {1: kernels.merge_one, 2: kernels.merge_two, 3: kernels.merge_three}
_GROUPS_PER_THREAD = 8


class _State(NamedTuple):
    """What the merged buffer shows, reduced so that equal weights have equal states."""

    scaling: float
    method: MergeMethod
    density: float
    scope: TrimScope


class LiveMerge:
    """A base, its task vectors and one merged state that is rewritten in place.

    Base, task vectors and merged weights are one flat float32 buffer each; the merged parameters
    are views. Every state equals `merge(...)` element by element and is computed from the base, so
    nothing drifts. Everything stays on the device of the base.

    Memory: the base is copied, a `TaskVector` of the same base is used where it lies (other
    mappings are copied), the merged buffer is made by the first `at`. Drop the base state dict
    after construction and the peak is base + task vectors + merged.
    """

    def __init__(self, base: Mapping[str, Tensor], task_vectors: Sequence[Mapping[str, Tensor]]) -> None:
        """Raises `SpecError` without a task vector, `IncompatibleError` when names or shapes differ,
        and `CheckpointError` for NaN or infinite values."""
        check_parameters(len(task_vectors), scaling=0.0, density=1.0)
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
        self._merged: Tensor | None = None
        self._views: dict[str, Tensor] = {}
        self._shown: tuple[_State, int] | None = None
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextlib.contextmanager
    def at(
        self,
        scaling: float,
        density: float = 1.0,
        method: MergeMethod = MergeMethod.TIES,
        scope: TrimScope = TrimScope.TENSOR,
    ) -> Iterator[dict[str, Tensor]]:
        """The merged state dict, kept still for as long as the block runs.

        Floating tensors are float32 views (before rounding to the base's dtype), valid inside the
        block only; other threads wait for its end. Density and scope belong to TIES. With one task
        vector and density 1, TIES and task arithmetic are the same. Raises `SpecError` for values
        out of range; one thread cannot hold two states at a time (`RuntimeError`).

        >>> live = LiveMerge({"w": torch.ones(4)}, [{"w": torch.tensor([4.0, -3.0, 1.0, 0.0])}])
        >>> with live.at(0.5, density=0.5) as state:
        ...     state["w"].tolist()
        [3.0, -0.5, 1.0, 1.0]
        """
        check_parameters(len(self._taus), scaling, density)
        wanted = self._reduce(scaling, density, MergeMethod(method), TrimScope(scope))
        if self._holder == threading.get_ident():
            raise RuntimeError(
                "at() inside at(): leave the first block, or take a snapshot(), before asking again."
            )
        with self._lock:
            self._holder = threading.get_ident()
            try:
                self._show(wanted)
                yield {
                    name: self._views[name] if name in self._views else self._others[name]
                    for name in self._dtypes
                }
            finally:
                self._holder = None

    def snapshot(
        self,
        scaling: float,
        density: float = 1.0,
        method: MergeMethod = MergeMethod.TIES,
        scope: TrimScope = TrimScope.TENSOR,
    ) -> dict[str, Tensor]:
        """Fresh copies in the base's dtypes, equal to `merge(...)`: for export or fine-tuning.

        Tied names share one tensor. Raises as `at` does.
        """
        with self.at(scaling, density, method, scope) as state:
            tied = dict(self._layout.aliases)
            copies = {
                name: tensor.to(self._dtypes[name], copy=True)
                for name, tensor in state.items()
                if name not in tied
            }
        return {name: copies[tied.get(name, name)] for name in self._dtypes}

    def _reduce(self, scaling: float, density: float, method: MergeMethod, scope: TrimScope) -> _State:
        plain = method is MergeMethod.TIES and density == 1
        if plain and len(self._taus) == 1:
            method = MergeMethod.TASK_ARITHMETIC
        if plain or method is MergeMethod.TASK_ARITHMETIC:
            density, scope = 1.0, TrimScope.TENSOR
        return _State(float(np.float32(scaling)), method, density, scope)

    @torch.no_grad()
    def _show(self, wanted: _State) -> None:
        """Rewrite the merged buffer, unless it shows `wanted` and nobody has written to it since."""
        if self._merged is None:
            with torch.inference_mode(False):
                self._merged = torch.empty_like(self._base)
                self._views = self._layout.views(self._merged)
        if self._shown == (wanted, self._merged._version):
            return
        self._shown = None
        if wanted.scaling == 0:
            self._merged.copy_(self._base)
        else:
            self._fill(self._merged, wanted)
        self._shown = (wanted, self._merged._version)

    def _fill(self, merged: Tensor, wanted: _State) -> None:
        least = np.zeros((len(self._taus), len(self._layout.names)), dtype=np.float32)
        if wanted.density < 1:
            least[:] = [t.at(wanted.density, wanted.scope) for t in self._thresholds]
        kernel = KERNELS.get(len(self._taus))
        if wanted.method is MergeMethod.TASK_ARITHMETIC and len(self._taus) > 1:
            kernel = kernels.merge_sum
        if kernel is None or merged.device.type != "cpu":
            self._fill_by_torch(merged, wanted, least)
        else:
            self._fill_compiled(kernel, merged, wanted.scaling, least)

    def _fill_compiled(
        self, kernel: Callable[..., None], merged: Tensor, scaling: float, least: NDArray[np.float32]
    ) -> None:
        base, out, taus = self._base.numpy(), merged.numpy(), tuple(tau.numpy() for tau in self._taus)
        factor = np.float32(scaling)
        threads = torch.get_num_threads()
        groups = evenly(self._segments, threads * _GROUPS_PER_THREAD)
        kernels.share(lambda group: kernel(base, taus, out, group, least, factor), groups, threads)

    def _fill_by_torch(self, merged: Tensor, wanted: _State, least: NDArray[np.float32]) -> None:
        """The reference's own functions, segment by segment: any device, any number of task vectors."""
        for start, stop, owner in self._segments.tolist():
            deltas = [tau[start:stop] for tau in self._taus]
            if wanted.density < 1:
                deltas = [keep_at_least(d, float(t)) for d, t in zip(deltas, least[:, owner], strict=True)]
            delta = combine(deltas, wanted.method)
            merged[start:stop] = add_scaled(self._base[start:stop], delta, wanted.scaling)
