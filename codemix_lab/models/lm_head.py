"""A language model asked at a few places only: the vocabulary-sized layer is most of a small model's work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn


def logits_at(model: nn.Module, inputs: dict[str, torch.Tensor], asked: torch.Tensor) -> torch.Tensor:
    """Logits where `asked` (batch, pieces) is true: (asked, vocabulary), row by row.

    `model` has a language-model head, whatever its architecture calls it; adapters and the wrapper
    of distributed training are looked through. Gradients flow.
    """
    with _only(getattr(model, "module", model), asked):
        logits: torch.Tensor = model(**inputs).logits
    return logits[asked] if logits.dim() == 3 else logits


@contextlib.contextmanager
def _only(model: Any, asked: torch.Tensor) -> Iterator[None]:
    """Let only the asked positions into the layer that makes logits."""

    def select(_: nn.Module, hidden: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (hidden[0][asked], *hidden[1:])

    handle = model.get_output_embeddings().register_forward_pre_hook(select)
    try:
        yield
    finally:
        handle.remove()
