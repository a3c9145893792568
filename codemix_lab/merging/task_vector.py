"""Task vectors: what continued pre-training changed, as something that can be added and scaled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from codemix_lab.merging.flat import FlatLayout, check_finite, is_finite

_BLOCK = 1 << 20


class TaskVector(Mapping[str, Tensor]):
    """τ = θ_adapted − θ_base, tensor by tensor, in float32 (Ilharco et al. 2023, arXiv 2212.04089).

    `between` keeps it in bfloat16 on request, in half the memory: every merge is then exactly the one
    of the rounded changes. A read-only mapping from names to tensors that are views of one flat buffer. Only floating
    tensors take part; tied names are held once. Do not write to the tensors.

    >>> base, adapted = {"w": torch.tensor([1.0, 2.0, 3.0, 4.0])}, {"w": torch.tensor([1.5, 2.0, 2.0, 4.0])}
    >>> tau = TaskVector.between(base, adapted)
    >>> (0.5 * tau)["w"].tolist()
    [0.25, 0.0, -0.5, 0.0]
    """

    def __init__(self, deltas: Mapping[str, Tensor]) -> None:
        """Copy `deltas`. Raises `CheckpointError` naming a tensor with NaN or infinite values."""
        layout = FlatLayout.of(deltas)
        self._hold(layout, layout.gather(deltas, layout.device(deltas), "the task vector"))

    @classmethod
    @torch.no_grad()
    def between(
        cls,
        base: Mapping[str, Tensor],
        adapted: Mapping[str, Tensor],
        dtype: torch.dtype = torch.float32,
    ) -> TaskVector:
        """The task vector that leads from `base` to `adapted`, kept in float32 or bfloat16.

        Raises `IncompatibleError` when names, shapes or ties differ (integer tensors do not count)
        and `CheckpointError` naming a tensor with NaN or infinite values.
        """
        layout = FlatLayout.of(base)
        layout.check(adapted, "the adapted checkpoint")
        flat = torch.zeros(layout.size, dtype=dtype, device=layout.device(base))
        views = layout.views(flat)
        for name in layout.names:
            _subtract(adapted[name], base[name], views[name])
            if not is_finite(views[name]):
                check_finite(base[name], name, "the base checkpoint")
                check_finite(adapted[name], name, "the adapted checkpoint")
                check_finite(views[name], name, "the task vector")
        return cls._of(layout, flat)

    @classmethod
    @torch.no_grad()
    def of_changes(cls, base: Mapping[str, Tensor], changes: Mapping[str, Tensor]) -> TaskVector:
        """The task vector that changes some tensors of `base` and leaves the others as they are.

        Raises `CheckpointError` naming a tensor with NaN or infinite values.

        >>> TaskVector.of_changes({"w": torch.ones(2), "b": torch.ones(1)}, {"w": torch.ones(2)})["b"].tolist()
        [0.0]
        """
        layout = FlatLayout.of(base)
        flat = torch.zeros(layout.size, dtype=torch.float32, device=layout.device(base))
        views = layout.views(flat)
        for name in changes:
            views[name].copy_(changes[name])
            check_finite(views[name], name, "the adapter")
        return cls._of(layout, flat)

    @classmethod
    def _of(cls, layout: FlatLayout, flat: Tensor) -> TaskVector:
        vector = cls.__new__(cls)
        vector._hold(layout, flat)
        return vector

    def _hold(self, layout: FlatLayout, flat: Tensor) -> None:
        self.layout = layout
        self.flat = flat
        self._views = layout.views(flat)

    def __getitem__(self, name: str) -> Tensor:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __repr__(self) -> str:
        return f"TaskVector({len(self.layout.names)} tensors, norm {self.norm():.4g})"

    def __add__(self, other: TaskVector) -> TaskVector:
        return self._of(self.layout, self.flat + other.laid_out(self.layout, self.flat.device))

    def __sub__(self, other: TaskVector) -> TaskVector:
        return self._of(self.layout, self.flat - other.laid_out(self.layout, self.flat.device))

    def __neg__(self) -> TaskVector:
        return self._of(self.layout, -self.flat)

    def __mul__(self, scaling: float) -> TaskVector:
        return self._of(self.layout, self.flat * scaling)

    __rmul__ = __mul__

    def norm(self) -> float:
        """Euclidean length over all elements, tied names counted once, summed in float64."""
        blocks = torch.split(self.flat, _BLOCK) if self.flat.numel() else ()
        return math.hypot(*(torch.linalg.vector_norm(b, dtype=torch.float64).item() for b in blocks))

    def laid_out(self, layout: FlatLayout, device: torch.device, whose: str = "the task vector") -> Tensor:
        """The flat buffer in another layout: itself when it fits already, else a copy.

        Raises `IncompatibleError` when names or shapes differ.
        """
        if layout == self.layout and device == self.flat.device:
            return self.flat
        return layout.gather(self, device, whose)


def _subtract(one: Tensor, other: Tensor, out: Tensor) -> None:
    """one − other in float32, rounded once to the dtype of `out`; no memory of their size is needed."""
    flats = one.reshape(-1), other.reshape(-1), out.view(-1)
    for start in range(0, out.numel(), _BLOCK):
        first, second, into = (flat[start : start + _BLOCK] for flat in flats)
        into.copy_(first.to(into.device, torch.float32) - second.to(into.device, torch.float32))
