"""The weights of a checkpoint as its files hold them: what a merge of any size reads, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from codemix_lab.errors import CheckpointError
from codemix_lab.models.adapters import AdapterDeltas
from codemix_lab.models.checkpoints import Checkpoint
from codemix_lab.models.weights import backbone_names, is_head, open_weights


class AdaptedWeights(Mapping[str, Tensor]):
    """Full weights with an adapter added in, W + ΔW in float32; other tensors as in the file."""

    def __init__(self, weights: Mapping[str, Tensor], deltas: AdapterDeltas) -> None:
        self._weights, self._deltas = weights, deltas
        self._inner = {own: inner for inner, own in backbone_names(weights).items() if inner in deltas}

    def __getitem__(self, name: str) -> Tensor:
        tensor = self._weights[name]
        if name not in self._inner:
            return tensor
        return tensor.to(torch.float32) + self._deltas[self._inner[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)


def adapter_deltas(checkpoint: Checkpoint) -> AdapterDeltas:
    """ΔW of a checkpoint's adapter over its full weights."""
    if checkpoint.adapter is None:
        raise CheckpointError(f"{checkpoint.ref} is no adapter, so it has no deltas of its own.")
    return AdapterDeltas(checkpoint.adapter, open_weights(checkpoint.folder))


def base_weights(base: Checkpoint) -> Mapping[str, Tensor]:
    """The tensors of a base by their names in its files, its adapter added in."""
    weights = open_weights(base.folder)
    return weights if base.adapter is None else AdaptedWeights(weights, adapter_deltas(base))


def adapted_weights(tip: Checkpoint, base: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """What a task vector of `tip` over `base` is computed from: full weights, or an adapter's deltas."""
    if tip.adapter is None:
        return open_weights(tip.folder)
    return base_weights(tip) if isinstance(base, AdaptedWeights) else adapter_deltas(tip)


def tied_heads(base: Checkpoint, weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Output embeddings that the configuration ties to the input's and the file repeats, with the input's name."""
    if not getattr(base.config, "tie_word_embeddings", True):
        return {}
    inputs = [n for n in backbone_names(weights).values() if n.endswith(("embed_tokens.weight", "word_embeddings.weight", "wte.weight"))]  # fmt: skip
    return {
        name: inputs[0]
        for name in weights
        if inputs
        and is_head(name)
        and weights[name].ndim == 2
        and torch.equal(weights[name], weights[inputs[0]])
    }
