"""A task vector as LoRA: the best matrix of that rank, and the loss that is reported is the loss there is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForMaskedLM

from codemix_lab.errors import SpecError, StorageError
from codemix_lab.merging.low_rank import low_rank, write_adapter
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone_state
from codemix_lab.training.anatomy import anatomy, export_lora


def test_the_error_is_that_of_the_singular_values_left_out() -> None:
    delta = torch.randn(12, 7, generator=torch.Generator().manual_seed(0))
    singular = torch.linalg.svdvals(delta)
    for rank in (1, 3, 7, 20):
        b, a = low_rank(delta, rank)
        assert b.shape == (12, min(rank, 7)) and a.shape == (min(rank, 7), 7)
        torch.testing.assert_close((delta - b @ a).norm(), singular[rank:].norm(), atol=1e-5, rtol=0)


def test_peft_opens_it_and_full_rank_gives_the_matrices_back(
    tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path
) -> None:
    report = export_lora(str(tiny_encoder), str(tiny_adapted), tmp_path / "lora", rank=32)
    model = AutoModelForMaskedLM.from_pretrained(tiny_encoder)
    merged = (
        PeftModel.from_pretrained(model, str(tmp_path / "lora")).merge_and_unload().base_model.state_dict()
    )
    tip = backbone_state(open_checkpoint(str(tiny_adapted)))
    base = backbone_state(open_checkpoint(str(tiny_encoder)))
    linear = [n for n in tip if n.startswith("encoder") and n.endswith("weight") and tip[n].ndim == 2]
    assert len(linear) == 12
    for name in linear:
        torch.testing.assert_close(merged[name], tip[name], atol=1e-5, rtol=0)
    errors = report.set_index("tensor")["error"]
    assert (errors[linear] < 1e-4).all() and errors["embeddings.word_embeddings.weight"] == 1
    lost = sum(float((tip[n] - base[n]).square().sum()) for n in tip if n not in linear)
    whole = sum(float((tip[n] - base[n]).square().sum()) for n in tip)
    assert errors["total"] == pytest.approx((lost / whole) ** 0.5, rel=1e-3)
    again = open_checkpoint(str(tmp_path / "lora"))
    assert again.adapter == tmp_path / "lora"
    with pytest.raises(StorageError, match="exists already"):
        export_lora(str(tiny_encoder), str(tiny_adapted), tmp_path / "lora", rank=2)


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="rank = 0"):
        write_adapter(tmp_path / "x", {}, {}, 0, "b")
    with pytest.raises(SpecError, match="nothing to write"):
        write_adapter(tmp_path / "x", {"w.weight": torch.zeros(2, 2)}, {"w.weight": "w.weight"}, 1, "b")
    assert not list(tmp_path.iterdir())


def test_the_anatomy_of_checkpoints(tiny_encoder: Path, tiny_adapted: Path) -> None:
    found = anatomy(str(tiny_encoder), [str(tiny_adapted)], rows=3)
    assert set(found.lengths["layer"]) == {"embeddings", "layer 1", "layer 2"}
    assert (found.lengths["norm"] > 0).all() and len(found.rows) == 3 and found.rows["piece"].all()
    assert len(found.agreement) == 0
    with pytest.raises(SpecError, match="adapted is empty"):
        anatomy(str(tiny_encoder), [])
