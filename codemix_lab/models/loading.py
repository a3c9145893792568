"""Checkpoints into memory: backbones for merging, models with the head that a job needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedTokenizerBase,
)

from codemix_lab.errors import CheckpointError, IncompatibleError
from codemix_lab.models.checkpoints import Checkpoint
from codemix_lab.models.fingerprint import weight_files
from codemix_lab.models.mean_pool import HEAD_FILE, MeanPoolClassifier
from codemix_lab.models.quiet import quiet


def load_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    """The fast tokenizer of a checkpoint. Raises `CheckpointError` when it has none."""
    try:
        return AutoTokenizer.from_pretrained(checkpoint.folder)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{checkpoint.ref} has no tokenizer that can be read ({error}).") from error


def load_lm(checkpoint: Checkpoint) -> nn.Module:
    """The model with its masked or causal language-model head, float32, in evaluation mode.

    Raises `CheckpointError` when the checkpoint brings no such head.
    """
    kind = AutoModelForMaskedLM if checkpoint.is_encoder else AutoModelForCausalLM
    model, info = _load(kind, checkpoint.folder, checkpoint.ref)
    if info["missing_keys"]:
        raise CheckpointError(
            f"{checkpoint.ref} has no language-model head, so it neither has a perplexity nor can its pre-training go on."
        )
    return _with_adapter(model, checkpoint)


def load_backbone(checkpoint: Checkpoint) -> nn.Module:
    """The model without any head, float32, in evaluation mode; an adapter is merged in exactly."""
    if checkpoint.adapter is not None and _adapts_lm(checkpoint.adapter):
        kind = AutoModelForMaskedLM if checkpoint.is_encoder else AutoModelForCausalLM
        return backbone(_with_adapter(_load(kind, checkpoint.folder, checkpoint.ref)[0], checkpoint))
    model, info = _load(AutoModel, checkpoint.folder, checkpoint.ref)
    missing = [key for key in info["missing_keys"] if not key.startswith("pooler.")]
    if missing:
        raise CheckpointError(
            f"{checkpoint.ref} lacks weights of its encoder, “{missing[0]}” first. Fetch or export it again."
        )
    model.pooler = None
    return _with_adapter(model, checkpoint)


def is_classifier(folder: Path, config: Any) -> bool:
    """Whether a model folder brings a classification head, the lab's or transformers' own."""
    kinds = getattr(config, "architectures", None) or []
    own = (folder / HEAD_FILE).is_file()
    return own or any(kind.endswith("ForSequenceClassification") for kind in kinds)


def load_classifier(folder: Path) -> nn.Module:
    """A fine-tuned classifier folder of the lab or of transformers, float32, in evaluation mode.

    Raises `CheckpointError` when the folder brings no trained classification head.
    """
    if (folder / HEAD_FILE).is_file():
        encoder, _ = _load(AutoModel, folder, str(folder))
        return MeanPoolClassifier(encoder, list(encoder.config.id2label.values())).load_head(folder).eval()
    model, info = _load(AutoModelForSequenceClassification, folder, str(folder))
    if info["missing_keys"]:
        raise CheckpointError(
            f"{folder} is not fine-tuned: it has no classification head. Run `codemix-lab finetune` first."
        )
    return model.eval()


def new_classifier(checkpoint: Checkpoint, labels: Sequence[str]) -> nn.Module:
    """The checkpoint's full weights under a fresh classification head (torch's seed decides it).

    Encoders are pooled by the mean, decoders at their last piece. An adapter is left out.
    """
    if checkpoint.is_encoder:
        encoder, _ = _load(AutoModel, checkpoint.folder, checkpoint.ref)
        encoder.pooler = None
        return MeanPoolClassifier(encoder, labels)
    names = dict(enumerate(labels))
    options = {"num_labels": len(labels), "id2label": names, "label2id": {v: k for k, v in names.items()}}
    model, _ = _load(AutoModelForSequenceClassification, checkpoint.folder, checkpoint.ref, **options)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = load_tokenizer(checkpoint).pad_token_id or model.config.eos_token_id
    return model


def backbone(model: nn.Module) -> nn.Module:
    """The headless part of any transformers model."""
    return model.base_model  # type: ignore[return-value]


def backbone_state(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """Tensors of the headless model by name, float32; heads and poolers are left out."""
    return {
        name: t
        for name, t in load_backbone(checkpoint).state_dict().items()
        if not name.startswith("pooler.")
    }


def bind(model: Any, views: Mapping[str, torch.Tensor]) -> None:
    """Put `views` under the backbone's parameters without copying; later changes of a view show at once.

    Raises `IncompatibleError` when a parameter has no view, or one of another shape.
    """
    inner = backbone(model)
    for name, parameter in inner.named_parameters():
        if name.startswith("pooler."):
            continue
        if name not in views or views[name].shape != parameter.shape:
            raise IncompatibleError(f"the weights do not fit the model at “{name}”.")
    inner.load_state_dict(dict(views), strict=False, assign=True)
    model.requires_grad_(False)
    if hasattr(model, "tie_weights"):
        model.tie_weights()


def _load(kind: Any, folder: Path, ref: str, **options: Any) -> tuple[Any, dict[str, Any]]:
    try:
        with quiet():
            model, info = kind.from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, use_safetensors=True, **options
            )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        weight_files(folder)
        raise CheckpointError(
            f"{ref} cannot be loaded ({error}). The files may be damaged: fetch or export it again."
        ) from error
    return model.eval(), info


def _with_adapter(model: Any, checkpoint: Checkpoint) -> Any:
    if checkpoint.adapter is None:
        return model
    try:
        with quiet():
            adapted = PeftModel.from_pretrained(model, str(checkpoint.adapter))
    except (ValueError, RuntimeError, KeyError) as error:
        raise IncompatibleError(
            f"the adapter {checkpoint.ref} was made for another base than {checkpoint.folder.name} ({error})."
        ) from error
    absent = _adapter_keys(checkpoint.adapter) - set(
        get_peft_model_state_dict(adapted, save_embedding_layers=False)
    )
    if absent:
        raise IncompatibleError(
            f"the adapter {checkpoint.ref} was made for another base: {len(absent)} of its tensors have no place here, "
            f"“{min(absent)}” first."
        )
    return adapted.merge_and_unload().eval()


def _adapts_lm(adapter: Path) -> bool:
    """Whether the adapter's names carry a prefix between `base_model.model.` and the layers, as LM classes do."""
    inner = {key.removeprefix("base_model.model.").split(".")[0] for key in _adapter_keys(adapter)}
    return not inner & {"encoder", "layers", "embeddings", "h", "transformer.h", "block"}


def _adapter_keys(adapter: Path) -> set[str]:
    with safe_open(weight_files(adapter)[0], framework="pt") as tensors:
        return set(tensors.keys())
