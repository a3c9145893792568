"""From the package's GGUF file to an ordinary `transformers` folder: SmolLM2-135M-Instruct, a small decoder.

Same architecture family as Llama-3.2-1B (grouped-query attention, rotary positions, tied embeddings), English-centred
and instruct-tuned (Allal et al. 2025, arXiv 2502.02737). Weights were 4-bit and are kept in bfloat16.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from codemix_lab.errors import CheckpointError

PAD = "<|endoftext|>"


def convert_causal(gguf: Path, folder: Path) -> None:
    """Write decoder, tokenizer and config into the existing `folder`.

    The padding piece is one that text never ends with, so that the last piece of a sentence can be told.
    Raises `CheckpointError` when `gguf` holds no Llama.
    """
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar that no setting turns off
        read = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    if not isinstance(read, LlamaForCausalLM):
        raise CheckpointError(f"{gguf} holds {type(read).__name__}, not the decoder it should be.")
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    tokenizer.pad_token = PAD
    tokenizer.model_max_length = read.config.max_position_embeddings
    known = read.config.to_dict()
    for name in ("quantization_config", "_name_or_path", "dtype"):
        known.pop(name, None)
    config = LlamaConfig(**known | {"pad_token_id": tokenizer.pad_token_id})
    model = LlamaForCausalLM(config).bfloat16()
    model.load_state_dict(read.state_dict())
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
