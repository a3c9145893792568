"""A language model asked at a few places only: the vocabulary-sized layer is most of a small model's work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

Ask = Callable[[dict[str, torch.Tensor], torch.Tensor], torch.Tensor]


def logits_at(model: nn.Module, inputs: dict[str, torch.Tensor], asked: torch.Tensor) -> torch.Tensor:
    """Logits where `asked` (batch, pieces) is true: (asked, vocabulary), row by row.

    `model` has a language-model head, whatever its architecture calls it; adapters and the wrapper
    of distributed training are looked through. Gradients flow.
    """
    with asking(model) as ask:
        return ask(inputs, asked)


@contextlib.contextmanager
def asking(model: Any) -> Iterator[Ask]:
    """`logits_at` of one model for many batches, which may come from several threads at once."""
    here = threading.local()

    def select(_: nn.Module, hidden: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (hidden[0][here.asked], *hidden[1:])

    def ask(inputs: dict[str, torch.Tensor], asked: torch.Tensor) -> torch.Tensor:
        here.asked = asked
        logits: torch.Tensor = model(**inputs).logits
        return logits[asked] if logits.dim() == 3 else logits

    handle = getattr(model, "module", model).get_output_embeddings().register_forward_pre_hook(select)
    try:
        yield ask
    finally:
        handle.remove()
