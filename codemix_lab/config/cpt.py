"""How pre-training is continued on unlabelled text."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config.spec import Spec, parameter
from codemix_lab.errors import SpecError


@dataclass(frozen=True)
class CptSpec(Spec):
    """Continued pre-training: masked language modelling for an encoder, causal with packing for a decoder."""

    base: str = parameter(help="Checkpoint to continue from.")
    corpora: tuple[str, ...] = parameter(
        (),
        help="Text to read: starter corpora by name, or files of one sentence a line or with a text column.",
    )
    shares: tuple[float, ...] = parameter(
        (), help="Share of each corpus in the text read, in the same order; left out, all of each is read."
    )
    steps: int = parameter(900, low=1, high=1_000_000, step=50, help="Optimiser steps.")
    epochs: float | None = parameter(
        None, low=0.01, high=1000, help="Passes over the text; given, it decides the number of steps."
    )
    tokens_per_step: int = parameter(2048, low=64, high=1_000_000, step=256, help="Pieces in one step.")
    accumulation: int = parameter(
        1, low=1, high=1024, step=1, help="Parts that a step is computed in: the same step in less memory."
    )
    gradient_checkpointing: bool = parameter(
        False, help="Compute activations twice instead of keeping them: less memory, about a third slower."
    )
    learning_rate: float = parameter(
        1e-3, low=1e-7, high=1e-1, help="Peak learning rate (warm-up, then cosine decay)."
    )
    lora: bool = parameter(
        True,
        help="Train a LoRA adapter (Hu et al. 2022) instead of all parameters; full wants a tenth of the rate.",
    )
    rank: int = parameter(32, low=1, high=512, step=4, help="Rank of the LoRA adapter.")
    alpha: int | None = parameter(
        None, low=1, high=4096, help="LoRA scale: ΔW = alpha/rank · BA; left out, twice the rank."
    )
    rank_stabilised: bool = parameter(
        False, help="Scale LoRA by alpha/√rank instead (Kalajdzievski 2023), for high ranks."
    )
    targets: tuple[str, ...] = parameter(
        (),
        help="Names of the layers LoRA adapts, such as query; left out, every linear layer of the backbone.",
    )
    freeze_embeddings: bool = parameter(
        False, help="Full parameters: leave the embedding rows as they are. LoRA never moves them."
    )
    mask_share: float = parameter(
        0.15,
        low=0.01,
        high=0.9,
        help="Encoders: share of pieces that is masked (80/10/10, Devlin et al. 2019).",
    )
    whole_words: bool = parameter(False, help="Encoders: mask all pieces of a word together.")
    train_head: bool = parameter(False, help="Train the masked-LM head too (only for the monolingual pass).")
    max_length: int = parameter(
        128,
        low=8,
        high=32_768,
        help="Encoders: longest sentence, in pieces. Decoders: pieces of a packed block.",
    )
    evaluate_every: int | None = parameter(
        None,
        low=1,
        high=1_000_000,
        help="Steps between two looks at held-out text; left out, twenty looks a run.",
    )
    save_every: int = parameter(
        100,
        low=1,
        high=1_000_000,
        step=50,
        help="Steps between two checkpoints to go on from after an interruption.",
    )
    trajectory: bool = parameter(
        False, help="Keep the model of every checkpoint, so that CPT can be followed step by step."
    )
    trajectory_megabytes: int = parameter(
        500, low=1, high=1_000_000, help="Most disk the trajectory takes; beyond it every other one goes."
    )
    patience: int = parameter(
        0,
        low=0,
        high=1000,
        step=1,
        help="Stop after so many looks without a lower code-mixed loss, and keep the best; 0 goes on to the end.",
    )
    seed: int = parameter(0, low=0, high=2**31 - 1, step=1, help="Order, masks and initialisation.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shares and len(self.shares) != len(self.corpora):
            raise SpecError(
                f"{len(self.shares)} shares for {len(self.corpora)} corpora: give each corpus one, in the same order."
            )
        if any(not 0 < share <= 1 for share in self.shares) or (
            self.shares and abs(sum(self.shares) - 1) > 1e-6
        ):
            raise SpecError("shares must lie above 0 and add up to 1, such as 0.5 and 0.5.")
