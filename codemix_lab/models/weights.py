"""The tensors of a checkpoint on disk, in one file or in shards, read one at a time and never all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from codemix_lab.errors import CheckpointError
from codemix_lab.models.fingerprint import weight_files

HEADS = ("lm_head.", "cls.", "classifier.", "score.", "pooler.", "qa_outputs.", "vocab_")
"""How the names of heads begin; heads are never part of a task vector."""
_OLD_ENDINGS = {"gamma": "weight", "beta": "bias"}


class Weights(Mapping[str, Tensor]):
    """A read-only mapping from names to tensors that lie in mapped files: looking costs no memory.

    Tensors are views of the page cache; do not write to them. `folder` is named in messages.
    """

    def __init__(self, folder: Path, files: list[Path]) -> None:
        """Raises `CheckpointError` naming the file that is damaged, cut short or repeats a tensor."""
        self.folder = folder
        self._files: dict[str, Any] = {}
        for path in files:
            try:
                opened: Any = safe_open(path, framework="pt")
                names = list(opened.keys())
            except (SafetensorError, OSError, ValueError) as error:
                raise _damaged(path, error) from error
            for name in names:
                if name in self._files:
                    raise CheckpointError(
                        f"{path}: “{name}” stands in another shard too. Fetch the model again."
                    )
                self._files[name] = opened

    def __getitem__(self, name: str) -> Tensor:
        try:
            tensor: Tensor = self._files[name].get_tensor(name)
        except (SafetensorError, ValueError, RuntimeError) as error:
            raise _damaged(self.folder, error) from error
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files


def open_weights(folder: Path) -> Weights:
    """The weights of a model or adapter folder, sharded or not; nothing is read but the headers.

    Raises `CheckpointError` when a shard is missing, damaged, cut short, or not what the index says.
    """
    return Weights(folder, weight_files(folder))


def is_head(name: str) -> bool:
    """Whether a tensor belongs to a head by its name.

    >>> is_head("lm_head.weight"), is_head("roberta.pooler.dense.bias"), is_head("model.norm.weight")
    (True, True, False)
    """
    return any(name.startswith(head) or f".{head}" in name for head in HEADS)


def backbone_names(names: Mapping[str, object] | list[str]) -> dict[str, str]:
    """Names inside the headless model, each with the name in the file; heads are left out.

    The same layer is `bert.encoder…` in a masked-LM file and `encoder…` in an encoder's: the part
    that all backbone names share is cut off. Old files say gamma and beta for weight and bias.

    >>> backbone_names(["bert.encoder.w", "bert.embeddings.gamma", "cls.predictions.bias"])
    {'encoder.w': 'bert.encoder.w', 'embeddings.weight': 'bert.embeddings.gamma'}
    """
    inner = [name for name in names if not is_head(name)]
    start = _shared_length([name.split(".")[:-1] for name in inner]) if len(inner) > 1 else 0
    return {_modern(name[start:]): name for name in inner}


def floating(weights: Mapping[str, Tensor], name: str) -> bool:
    """Whether a merge changes this tensor: integers and booleans stay what they are."""
    return torch.is_floating_point(weights[name])


def _modern(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return f"{stem}{dot}{_OLD_ENDINGS.get(ending, ending)}"


def _shared_length(paths: list[list[str]]) -> int:
    """Letters, dots included, of the leading parts that all paths have."""
    length = 0
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        length += len(parts[0]) + 1
    return length


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} is damaged or cut short ({error}). Fetch or export it again.")
