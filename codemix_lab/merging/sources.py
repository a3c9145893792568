"""Task vectors that are computed piece by piece from files, never held whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from codemix_lab.errors import IncompatibleError
from codemix_lab.merging.flat import check_finite, listed
from codemix_lab.merging.spread import spread
from codemix_lab.models.adapters import AdapterDeltas
from codemix_lab.models.weights import backbone_names

PIECE = 1 << 24
"""Elements in memory at a time: 64 MB in float32."""


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

    def piece(self, name: str, start: int, stop: int) -> Tensor:
        """δ of flat elements start to stop of the tensor that `base` calls `name`, float32.

        Raises `CheckpointError` for NaN and infinite values.
        """
        inner = self._names[name]
        if inner not in self._theirs:
            return torch.zeros(stop - start)
        if isinstance(self._adapted, AdapterDeltas):
            if self._known is None or self._known[0] != name:
                self._known = name, self._adapted[inner].reshape(-1)
            delta = self._known[1][start:stop]
            check_finite(delta, name, self._whose)
            return delta
        theirs = self._adapted[self._theirs[inner]].reshape(-1)[start:stop]
        ours = self._base[name].reshape(-1)[start:stop]
        delta = torch.empty(stop - start, dtype=torch.float32)

        def subtract(first: int, last: int) -> None:
            part = delta[first:last].copy_(theirs[first:last])
            check_finite(part.sub_(ours[first:last].to(torch.float32)), name, self._whose)

        spread(subtract, stop - start)
        return delta

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


class Pieces:
    """The changes of all task vectors, piece by piece; those of the last piece stay in memory."""

    def __init__(self, vectors: Sequence[FileTaskVector]) -> None:
        self._vectors = vectors
        self._last: tuple[tuple[str, int, int], list[Tensor]] | None = None

    def __call__(self, name: str, start: int, stop: int) -> list[Tensor]:
        """One δ for each task vector, float32, shape (stop − start,)."""
        key = name, start, stop
        if self._last is None or self._last[0] != key:
            self._last = None
            self._last = key, [vector.piece(*key) for vector in self._vectors]
        return self._last[1]
