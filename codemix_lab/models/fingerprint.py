"""The identity of weights: a hash over what they are, not over how their files are cut."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from codemix_lab.errors import CheckpointError


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model or adapter folder, in order.

    Raises `CheckpointError` when the index names a shard that is not there, or there is none at all.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = sorted(set(_weight_map(index).values()))
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise CheckpointError(
                f"{folder}: the shard {missing[0]} named in the index is missing. Fetch the model again."
            )
        return [folder / name for name in names]
    stems = ("model", "adapter_model", "classifier_head")
    files = [p for p in (folder / f"{stem}.safetensors" for stem in stems) if p.is_file()]
    if not files:
        raise CheckpointError(f"{folder} holds no safetensors weights.")
    return files


def _weight_map(index: Path) -> dict[str, str]:
    """Tensor names and their shards. Raises `CheckpointError` unless every shard is a plain file name."""
    try:
        shards: Any = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        plain = all(isinstance(shard, str) and Path(shard).name == shard for shard in shards.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{index} is no index of shards ({error}). Fetch the model again.") from error
    if not shards or not plain:
        raise CheckpointError(f"{index} names no shards beside it. Fetch the model again.")
    return dict(shards)


def fingerprint_folder(folder: Path, adapter: Path | None = None) -> str:
    """SHA-256 (64 hexadecimal digits) over names, shapes, dtypes and contents, sorted by name.

    The same weights in one file or in shards have the same fingerprint. Computed again only when a
    file's size or time changed.
    """
    files = weight_files(folder) + (weight_files(adapter) if adapter else [])
    return _fingerprint(tuple((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files))


@functools.lru_cache(maxsize=64)
def _fingerprint(files: tuple[tuple[str, int, int], ...]) -> str:
    digests: dict[str, bytes] = {}
    for path, _, _ in files:
        try:
            with safe_open(path, framework="pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118
                    digests[name] = _tensor_digest(name, tensors.get_tensor(name))
        except SafetensorError as error:
            raise CheckpointError(
                f"{path} is damaged or cut short ({error}). Fetch or export it again."
            ) from error
    whole = hashlib.sha256()
    for name in sorted(digests):
        whole.update(digests[name])
    return whole.hexdigest()


def _tensor_digest(name: str, tensor: torch.Tensor) -> bytes:
    digest = hashlib.sha256(f"{name}|{tuple(tensor.shape)}|{tensor.dtype}|".encode())
    if tensor.numel():
        values: Any = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
        digest.update(values)
    return digest.digest()
