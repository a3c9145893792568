"""Safetensors files written tensor by tensor: a model of any size through a window of memory."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from codemix_lab.merging.spread import cut_pieces

SHARD_BYTES = 5_000_000_000
"""Largest shard, as transformers writes it; only a single larger tensor exceeds it."""
_WRITE = 1 << 20
"""Bytes written at a time: for more, Linux looks for larger runs of free memory, which took ten times as long."""
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
_CODES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
    torch.bool: "BOOL", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """What the header says of one tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return math.prod(self.shape) * self.dtype.itemsize


def plan(shapes: Mapping[str, Shape], largest: int = SHARD_BYTES) -> dict[str, list[str]]:
    """File names with the tensors of each, in order; one file where all fit in one.

    >>> four = Shape((4,), torch.float32)
    >>> plan({"a": four, "b": four, "c": four}, largest=32)
    {'model-00001-of-00002.safetensors': ['a', 'b'], 'model-00002-of-00002.safetensors': ['c']}
    """
    shards: list[list[str]] = [[]]
    filled = 0
    for name, shape in shapes.items():
        if shards[-1] and filled + shape.bytes > largest:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += shape.bytes
    if len(shards) == 1:
        return {SINGLE: shards[0]}
    return {f"model-{i:05}-of-{len(shards):05}.safetensors": names for i, names in enumerate(shards, 1)}


class ShardWriter:
    """Write the tensors of one file in the order of its plan, each in as many pieces as wanted."""

    def __init__(self, path: Path, shapes: Mapping[str, Shape], metadata: Mapping[str, str]) -> None:
        """Writes the header. `shapes`: all tensors of the file in order."""
        header: dict[str, object] = {"__metadata__": {"format": "pt", **metadata}}
        end = 0
        for name, shape in shapes.items():
            header[name] = {
                "dtype": _CODES[shape.dtype],
                "shape": list(shape.shape),
                "data_offsets": [end, end + shape.bytes],
            }
            end += shape.bytes
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        self._file = path.open("wb")
        self._file.write(struct.pack("<Q", len(text)) + text)
        self._writer = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def write(self, piece: Tensor) -> None:
        """Append a contiguous piece on the CPU, while the caller makes the next one; do not change it.

        What the disk says of one piece is raised with the next, or at the end of the block.
        """
        if piece.numel():
            self._settle()
            self._last = self._writer.submit(self._append, piece.reshape(-1).view(torch.uint8).numpy().data)

    def _append(self, data: memoryview) -> None:
        for start, stop in cut_pieces(len(data), _WRITE):
            self._file.write(data[start:stop])

    def _settle(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._settle()
        finally:
            self._writer.shutdown()
            self._file.close()


def write_index(folder: Path, shards: Mapping[str, Iterable[str]], total: int) -> None:
    """Write which shard holds which tensor, as transformers reads it; `total` in bytes."""
    places = {name: shard for shard, names in shards.items() for name in names}
    text = json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=2)
    (folder / INDEX).write_text(text + "\n", encoding="utf-8")
