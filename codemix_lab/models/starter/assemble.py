"""Base weights plus a peft adapter, made into an ordinary `transformers` folder."""

from __future__ import annotations

from pathlib import Path

from peft import PeftModel
from transformers import AutoModelForMaskedLM, AutoTokenizer


def assemble(base: Path, adapter: Path, folder: Path) -> None:
    """Write θ_base + the adapter's ΔW (and the head it brings) with the tokenizer into `folder`."""
    model = AutoModelForMaskedLM.from_pretrained(base)
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    merged.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
