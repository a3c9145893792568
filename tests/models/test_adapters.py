"""Every variant of LoRA is, as a task vector, exactly what peft merges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM

from codemix_lab.errors import CheckpointError, IncompatibleError
from codemix_lab.models.adapters import AdapterDeltas
from codemix_lab.models.weights import open_weights

LINEAR = ["query", "value", "dense"]
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {"target_modules": LINEAR},
    "regular expression": {"target_modules": r".*layer\.1.*\.(query|key)"},
    "rank-stabilised": {"target_modules": LINEAR, "use_rslora": True},
    "dora": {"target_modules": LINEAR, "use_dora": True},
    "own ranks": {
        "target_modules": LINEAR,
        "rank_pattern": {"query": 2, r"layer\.1\.attention\.self\.value": 3},
        "alpha_pattern": {"query": 1, r"layer\.1.*value": 64},
    },
    "bias": {"target_modules": LINEAR, "bias": "lora_only"},
    "bias of B": {"target_modules": LINEAR, "lora_bias": True},
    "saved modules": {"target_modules": LINEAR, "modules_to_save": ["position_embeddings", "cls"]},
    "embeddings": {"target_modules": ["word_embeddings", "query"]},
}


def shaken(model: nn.Module, folder: Path) -> Path:
    """Save an adapter whose every trainable tensor was moved, so that nothing is zero by chance."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.requires_grad:
                noise = torch.randn(weights.shape, generator=generator) * 0.1
                weights.add_(noise.abs() if "magnitude" in name else noise)
    model.save_pretrained(folder)  # type: ignore[operator]
    return folder


def merged_by_peft(kind: Any, base: Path, adapter: Path) -> dict[str, torch.Tensor]:
    model = PeftModel.from_pretrained(kind.from_pretrained(base), str(adapter)).merge_and_unload()
    return dict(model.base_model.state_dict())


def check_equal(base: Path, adapter: Path, oracle: dict[str, torch.Tensor]) -> AdapterDeltas:
    weights = open_weights(base)
    deltas = AdapterDeltas(adapter, weights)
    own = {n.partition(".")[2]: t for n, t in weights.items()}
    for name, expected in oracle.items():
        merged = own[name] + deltas[name] if name in deltas else own[name]
        torch.testing.assert_close(merged, expected, rtol=0, atol=1e-6)
        assert (name in deltas) == (not torch.equal(own[name], expected)), name
    assert deltas.keys() <= oracle.keys()
    return deltas


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_delta_is_what_peft_merges(variant: str, tiny_encoder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    lora = LoraConfig(r=4, lora_alpha=16, **VARIANTS[variant])
    model = get_peft_model(AutoModelForMaskedLM.from_pretrained(tiny_encoder), lora)
    adapter = shaken(model, tmp_path / "adapter")
    deltas = check_equal(tiny_encoder, adapter, merged_by_peft(AutoModelForMaskedLM, tiny_encoder, adapter))
    assert len(deltas) == len(set(deltas)) > 0


def test_without_rounding_the_plain_delta_is_scale_times_b_a(tiny_encoder: Path, tmp_path: Path) -> None:
    lora = LoraConfig(r=4, lora_alpha=16, target_modules=["query"])
    adapter = shaken(get_peft_model(AutoModel.from_pretrained(tiny_encoder), lora), tmp_path / "adapter")
    saved = load_file(adapter / "adapter_model.safetensors")
    key = "base_model.model.encoder.layer.0.attention.self.query.lora_{}.weight"
    delta = AdapterDeltas(adapter, open_weights(tiny_encoder))["encoder.layer.0.attention.self.query.weight"]
    assert torch.equal(delta, saved[key.format("B")] @ saved[key.format("A")] * 4.0)


def test_an_adapter_of_a_decoder(tiny_decoder: Path, tmp_path: Path) -> None:
    lora = LoraConfig(r=4, target_modules="all-linear", use_dora=True)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_decoder), lora)
    adapter = shaken(model, tmp_path / "adapter")
    check_equal(tiny_decoder, adapter, merged_by_peft(AutoModelForCausalLM, tiny_decoder, adapter))


def test_other_bases_and_other_kinds_are_refused(
    tiny_encoder: Path, tiny_decoder: Path, tmp_path: Path
) -> None:
    lora = LoraConfig(r=4, target_modules=["query"])
    adapter = shaken(get_peft_model(AutoModel.from_pretrained(tiny_encoder), lora), tmp_path / "adapter")
    with pytest.raises(IncompatibleError, match="made for another base"):
        AdapterDeltas(adapter, open_weights(tiny_decoder))
    saved = load_file(adapter / "adapter_model.safetensors")
    first = next(name for name in saved if "lora_A" in name)

    def rewritten(tensors: dict[str, torch.Tensor], **config: Any) -> Path:
        save_file(tensors, adapter / "adapter_model.safetensors")
        path = adapter / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
        return adapter

    base = open_weights(tiny_encoder)
    with pytest.raises(IncompatibleError, match="made for another base"):
        AdapterDeltas(rewritten(saved | {first: torch.ones(4, 7)}), base)
    with pytest.raises(CheckpointError, match="only one of its two"):
        AdapterDeltas(rewritten({n: t for n, t in saved.items() if n != first}), base)
    with pytest.raises(CheckpointError, match="cannot be turned"):
        AdapterDeltas(rewritten(saved | {"base_model.model.x.token_adapter.delta": torch.ones(2)}), base)
    with pytest.raises(CheckpointError, match=r"lora_alpha .* damaged"):
        dict(AdapterDeltas(rewritten(saved, lora_alpha="much"), base))
    with pytest.raises(CheckpointError, match="IA3 adapters"):
        AdapterDeltas(rewritten(saved, peft_type="IA3"), base)
    (adapter / "adapter_config.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read as JSON"):
        AdapterDeltas(adapter, base)
