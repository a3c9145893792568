"""How pre-training is continued on unlabelled text."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config.spec import Spec, parameter


@dataclass(frozen=True)
class CptSpec(Spec):
    """Continued pre-training by masked-language modelling with a LoRA adapter."""

    base: str = parameter(help="Checkpoint to continue from.")
    steps: int = parameter(900, low=1, high=1_000_000, help="Optimiser steps.")
    tokens_per_step: int = parameter(2048, low=64, high=1_000_000, help="Pieces in one step.")
    learning_rate: float = parameter(
        1e-3, low=1e-7, high=1e-1, help="Peak learning rate (warm-up, then cosine decay)."
    )
    rank: int = parameter(32, low=1, high=512, help="Rank of the LoRA adapter.")
    mask_share: float = parameter(0.15, low=0.01, high=0.9, help="Share of pieces that is masked.")
    train_head: bool = parameter(False, help="Train the masked-LM head too (only for the monolingual pass).")
    max_length: int = parameter(128, low=8, high=512, help="Longest sentence, in pieces.")
    seed: int = parameter(0, low=0, high=2**31 - 1, help="Order, masks and initialisation.")
