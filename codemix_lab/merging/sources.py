"""Task vectors that are computed block by block from files, never held whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codemix_lab.errors import IncompatibleError
from codemix_lab.merging import stream_kernels
from codemix_lab.merging.flat import listed, not_finite
from codemix_lab.merging.kernels import Floats
from codemix_lab.merging.stream_kernels import Halves
from codemix_lab.models.adapters import AdapterDeltas
from codemix_lab.models.weights import backbone_names

Raw = NDArray[Any] | Tensor


class Change:
    """δ of one tensor: of mapped weights that are subtracted when read, or of an adapter's delta."""

    def __init__(
        self, ours: Tensor, theirs: Tensor | None, delta: Tensor | None, name: str, whose: str
    ) -> None:
        """Tensors on the CPU; without `theirs` and `delta` nothing changed."""
        self._ours = raw(ours)
        self._theirs, self._delta = (None if t is None else raw(t) for t in (theirs, delta))
        self._name, self._whose = name, whose
        self.size = ours.numel()
        self.halves: tuple[Halves, Halves] | None = None
        """The bits of base and adapted, where both are bfloat16."""
        if delta is None and theirs is not None and ours.dtype == theirs.dtype == torch.bfloat16:
            self.halves = cast(tuple[Halves, Halves], (self._ours, self._theirs))

    def read(self, start: int, stop: int, room: Floats, ours: Floats | None = None) -> Floats:
        """Elements start to stop as float32, in `room` or where they lie; do not write to them.

        `room`: (2, n) or more. `ours`: the base's elements where they were loaded already. Raises
        `CheckpointError` for NaN and infinite values.
        """
        found, good = self._at(slice(start, stop), room, ours)
        if not good:
            raise not_finite(self._name, self._whose)
        return found

    def sample(self, places: NDArray[np.int64]) -> Floats:
        """Elements at some places, unchecked."""
        return self._at(places, np.empty((2, len(places)), dtype=np.float32), None)[0]

    def _at(self, where: slice | NDArray[np.int64], room: Floats, ours: Floats | None) -> tuple[Floats, bool]:
        if self._delta is not None:
            found = load(self._delta, where, room[0])
            return found, stream_kernels.is_finite(found)
        before = load(self._ours, where, room[1]) if ours is None else ours
        found = room[0, : len(before)]
        if self._theirs is None:
            found.fill(0)
            return found, True
        theirs = self._theirs[where]
        if isinstance(theirs, Tensor):
            theirs = theirs.to(torch.float32).numpy()
        subtract = stream_kernels.subtract_halves if theirs.dtype == np.uint16 else stream_kernels.subtract
        return found, subtract(theirs, before, found)


class FileTaskVector:
    """τ of one checkpoint over `base`: full weights to subtract, or the deltas of an adapter."""

    def __init__(self, base: Mapping[str, Tensor], adapted: Mapping[str, Tensor], whose: str) -> None:
        """`base`: tensors by their names in the file; `adapted`: likewise, or `AdapterDeltas`.

        Raises `IncompatibleError` when backbone names or shapes differ. Heads do not count.
        """
        self._whose, self._base, self._adapted = whose, base, adapted
        self._names = {own: inner for inner, own in backbone_names(base).items()}
        self._known: tuple[str, Tensor] | None = None
        if isinstance(adapted, AdapterDeltas):
            self._theirs: Mapping[str, str] = {inner: inner for inner in adapted}
        else:
            self._theirs = backbone_names(adapted)
            self._check()

    def change(self, name: str) -> Change:
        """δ of the tensor that `base` calls `name`."""
        inner, ours = self._names[name], self._base[name]
        if inner not in self._theirs:
            return Change(ours, None, None, name, self._whose)
        if isinstance(self._adapted, AdapterDeltas):
            if self._known is None or self._known[0] != name:
                self._known = name, self._adapted[inner]
            return Change(ours, None, self._known[1], name, self._whose)
        return Change(ours, self._adapted[self._theirs[inner]], None, name, self._whose)

    def _check(self) -> None:
        ours = {inner: own for own, inner in self._names.items() if self._base[own].is_floating_point()}
        missing = [inner for inner in ours if inner not in self._theirs]
        if missing:
            raise IncompatibleError(
                f"{self._whose} lacks {listed(missing)}, which the base has. Merge checkpoints of one architecture."
            )
        extra = [
            inner
            for inner, theirs in self._theirs.items()
            if inner not in ours and self._adapted[theirs].is_floating_point()
        ]
        if extra:
            raise IncompatibleError(
                f"{self._whose} has {listed(extra)}, which the base lacks. Leave heads out before merging."
            )
        for inner, own in ours.items():
            shape, wanted = self._adapted[self._theirs[inner]].shape, self._base[own].shape
            if shape != wanted:
                raise IncompatibleError(
                    f"{self._whose}: “{inner}” has the shape {tuple(shape)}, in the base it is {tuple(wanted)}."
                    " A different vocabulary or model size cannot be merged."
                )


def raw(tensor: Tensor) -> Raw:
    """A tensor on the CPU, flat and without copying if it is contiguous: bfloat16 as bits, float32 as it is."""
    flat = tensor.reshape(-1)
    if flat.dtype == torch.bfloat16:
        return flat.view(torch.int16).numpy().view(np.uint16)
    return flat.numpy() if flat.dtype == torch.float32 else flat


def load(flat: Raw, where: slice | NDArray[np.int64], room: Floats) -> Floats:
    """Elements of a flat tensor as float32: where they lie if they are that already, else in `room`."""
    part = flat[where]
    if isinstance(part, np.ndarray) and part.dtype == np.float32:
        return part
    found = room[: len(part)]
    if isinstance(part, np.ndarray):
        stream_kernels.widen(part, found)
    else:
        torch.from_numpy(found).copy_(part)
    return found
