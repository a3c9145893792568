"""LoRA under a classification head: low-rank changes of every linear layer, and the head in full."""

from __future__ import annotations

import re
from typing import Any

from peft import LoraConfig, get_peft_model
from torch import nn

from codemix_lab.models.quiet import quiet
from codemix_lab.training.adapters import linear_layers


def with_lora(model: nn.Module, rank: int) -> Any:
    """The classifier with a LoRA adapter of this rank (Hu et al. 2022, α = 2·rank) on its backbone.

    Only the adapter and the head move; `merge_and_unload()` of what is returned gives `model` back
    with the adapter added in.
    """
    names = [name for layers in linear_layers(model).values() for name in layers]
    head = "head" if hasattr(model, "head") else "score"
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules="|".join(re.escape(name) for name in names),
        modules_to_save=[head],
    )
    with quiet():
        return get_peft_model(model, config)
