"""How much memory a continued pre-training will want, told before it starts.

Weights, gradients and Adam's two moments are counted exactly from the checkpoint's header; activations
follow Korthikanti et al. 2022 (arXiv 2205.05198, eq. 2) in float32: tokens · layers · (68·hidden +
10·heads·length) bytes; logits are kept three times where something is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psutil
import torch
from safetensors import safe_open

from codemix_lab.config import CptSpec
from codemix_lab.models.checkpoints import Checkpoint
from codemix_lab.models.devices import device
from codemix_lab.models.fingerprint import weight_files

_FLOAT = 4
_LIBRARIES = 600_000_000
_LAYER_MATRICES = 12
"""Linear weights of a transformer layer, in units of hidden²."""


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes wanted, by what wants them, and bytes free where training will run."""

    weights: int
    training: int
    activations: int
    logits: int
    free: int

    @property
    def total(self) -> int:
        """All that is wanted, libraries included."""
        return self.weights + self.training + self.activations + self.logits + _LIBRARIES

    @property
    def fits(self) -> bool:
        """Whether it is free now."""
        return self.total <= self.free


def estimate_memory(checkpoint: Checkpoint, spec: CptSpec) -> MemoryEstimate:
    """What `spec` will want on this machine, read from configuration and file headers alone."""
    config: Any = checkpoint.config
    hidden, layers, heads = config.hidden_size, config.num_hidden_layers, config.num_attention_heads
    weights = _weights(checkpoint)
    vocabulary = config.vocab_size * hidden
    if spec.lora:
        moving = layers * _LAYER_MATRICES * hidden * 2 * spec.rank
    else:
        moving = weights - (vocabulary if spec.freeze_embeddings else 0)
    tokens = max(spec.tokens_per_step // spec.accumulation, spec.max_length)
    length = min(spec.max_length, tokens)
    one_layer = tokens * (68 * hidden + 10 * heads * length)
    kept = (
        tokens * layers * hidden * _FLOAT + one_layer if spec.gradient_checkpointing else layers * one_layer
    )
    asked = tokens * (spec.mask_share if checkpoint.is_encoder else 1.0)
    return MemoryEstimate(
        weights=weights * _FLOAT,
        training=moving * 3 * _FLOAT,
        activations=kept,
        logits=int(asked * config.vocab_size * 3 * _FLOAT),
        free=free_memory(),
    )


def free_memory() -> int:
    """Bytes free on the device that trains."""
    if device().type == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def _weights(checkpoint: Checkpoint) -> int:
    count = 0
    for path in weight_files(checkpoint.folder):
        with safe_open(path, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                size = 1
                for part in tensors.get_slice(name).get_shape():
                    size *= part
                count += size
    return count
