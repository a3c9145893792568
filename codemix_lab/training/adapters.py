"""Which weights move in continued pre-training, and how the moved ones are written: LoRA or all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers.pytorch_utils import Conv1D

from codemix_lab.config import CptSpec
from codemix_lab.errors import CheckpointError, SpecError
from codemix_lab.models.checkpoints import Checkpoint
from codemix_lab.models.loading import load_lm
from codemix_lab.models.quiet import quiet

HEAD = "transform"


def trainable(checkpoint: Checkpoint, spec: CptSpec) -> nn.Module:
    """The language model of `checkpoint` with what `spec` trains set free: a LoRA adapter, or its own weights.

    Raises `CheckpointError` without a language-model head, and for LoRA on a checkpoint that is an
    adapter itself; `SpecError` for target layers that it does not have.
    """
    if spec.lora and checkpoint.adapter is not None:
        raise CheckpointError(
            f"{checkpoint.ref} is an adapter, and an adapter on it could not be opened again. Merge it into its base "
            "first (`codemix-lab merge --scaling 1`), or train all parameters (--full)."
        )
    model: Any = load_lm(checkpoint)
    if spec.lora:
        with quiet():
            model = get_peft_model(model, _lora(model, spec))
    else:
        model.requires_grad_(True)
        model.get_input_embeddings().requires_grad_(not spec.freeze_embeddings)
    return model


def linear_layers(model: Any) -> dict[str, list[str]]:
    """Linear layers of the backbone: the last part of their names → the full names."""
    found: dict[str, list[str]] = {}
    inner = model.base_model
    prefix = next((f"{name}." for name, module in model.named_modules() if module is inner and name), "")
    for name, module in inner.named_modules():
        if isinstance(module, (nn.Linear, Conv1D)) and not name.startswith("pooler"):
            found.setdefault(name.rpartition(".")[2], []).append(prefix + name)
    return found


def save_adapted(
    model: Any, base: str, tokenizer: Any, folder: Path, dtype: torch.dtype | None = None
) -> None:
    """Write a checkpoint into the existing `folder`: an adapter in float16 on `base`, or a whole model.

    A whole model is stored in `dtype`, or as it is, with its tokenizer. The model in memory stays as it was.
    """
    if not isinstance(model, PeftModel):
        state = {
            name: tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor
            for name, tensor in model.state_dict().items()
        }
        with quiet():
            model.save_pretrained(folder, state_dict=state)
        tokenizer.save_pretrained(folder)
        return
    model.peft_config["default"].base_model_name_or_path = base
    state = {
        name: tensor.half()
        for name, tensor in model.state_dict().items()
        if "lora_" in name or "modules_to_save" in name
    }
    with quiet():
        model.save_pretrained(str(folder), state_dict=state, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)


def moving(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights that training moves, by name: the tensors themselves."""
    return {name: weights.data for name, weights in model.named_parameters() if weights.requires_grad}


def _lora(model: Any, spec: CptSpec) -> LoraConfig:
    layers = linear_layers(model)
    unknown = [name for name in spec.targets if name not in layers]
    if unknown:
        raise SpecError(f"targets: there is no linear layer “{unknown[0]}” here, only {', '.join(layers)}.")
    names = [name for part in spec.targets or layers for name in layers[part]]
    heads = [name for name, _ in model.named_modules() if name.rpartition(".")[2] == HEAD]
    if spec.train_head and not heads:
        raise SpecError(
            "train_head: this model has no head of BERT's kind, whose transform could be trained."
        )
    ends = "|".join(sorted({name.rpartition(".")[2] for name in names}))
    before = names[0].split(".")[0]
    return LoraConfig(
        r=spec.rank,
        lora_alpha=spec.alpha or 2 * spec.rank,
        use_rslora=spec.rank_stabilised,
        lora_dropout=0.0,
        target_modules=rf"{before}\.(.*\.)?({ends})",
        modules_to_save=[HEAD] if spec.train_head else None,
    )
