"""The estimate before training: exact where it can be, and in the right order."""

from __future__ import annotations

from pathlib import Path

from codemix_lab.config import CptSpec
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import load_lm
from codemix_lab.training.adapters import moving, trainable
from codemix_lab.training.memory import estimate_memory


def test_weights_and_what_trains_them_are_counted(tiny_decoder: Path) -> None:
    checkpoint, spec = open_checkpoint(str(tiny_decoder)), CptSpec(str(tiny_decoder), lora=False)
    found = estimate_memory(checkpoint, spec)
    own = sum(weights.numel() for weights in load_lm(checkpoint).parameters())
    assert found.weights == 4 * own
    assert (
        found.training
        == 12 * own
        == 12 * sum(w.numel() for w in moving(trainable(checkpoint, spec)).values())
    )


def test_what_saves_memory_is_said_to_save_it(tiny_encoder: Path) -> None:
    checkpoint, spec = open_checkpoint(str(tiny_encoder)), CptSpec(str(tiny_encoder), lora=False)
    whole = estimate_memory(checkpoint, spec)
    assert estimate_memory(checkpoint, spec.replace(lora=True, rank=1)).training < whole.training
    assert estimate_memory(checkpoint, spec.replace(freeze_embeddings=True)).training < whole.training
    assert (
        estimate_memory(checkpoint, spec.replace(gradient_checkpointing=True)).activations < whole.activations
    )
    parts = estimate_memory(checkpoint, spec.replace(accumulation=4))
    assert parts.activations * 4 == whole.activations and parts.logits < whole.logits
    huge = estimate_memory(checkpoint, spec.replace(tokens_per_step=1_000_000, max_length=32_768))
    assert whole.fits and not huge.fits
