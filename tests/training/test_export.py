"""An exported merge opens, equals the live merge, and is made again bit for bit from its own recipe."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForMaskedLM

from codemix_lab.config import MergeSpec
from codemix_lab.errors import Cancelled, StorageError
from codemix_lab.merging.mergekit_config import read_spec
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.training.export import export_merge
from codemix_lab.training.starts import merged_weights


@pytest.fixture
def adapter(tiny_encoder: Path, tmp_path: Path) -> Path:
    lora = LoraConfig(r=2, target_modules=["query", "dense"], use_rslora=True, init_lora_weights=False)
    torch.manual_seed(0)
    model = get_peft_model(AutoModelForMaskedLM.from_pretrained(tiny_encoder), lora)
    model.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


@pytest.mark.parametrize("fields", [{"method": "ties", "density": 0.3}, {"method": "linear"}])
def test_it_is_the_live_merge_and_its_recipes_make_it_again(
    tiny_encoder: Path, tiny_adapted: Path, adapter: Path, tmp_path: Path, fields: dict[str, object]
) -> None:
    spec = MergeSpec(str(tiny_encoder), (str(tiny_adapted), str(adapter)), **fields)  # type: ignore[arg-type]
    out = export_merge(spec, tmp_path / "out")
    loaded = AutoModelForMaskedLM.from_pretrained(out).bert.state_dict()
    live = merged_weights(spec)[1]
    assert all(torch.equal(loaded[name], live[name]) for name in live)
    assert str(tiny_adapted) in (out / "README.md").read_text()
    recipes = [p for p in (out / "merge.yaml", out / "mergekit_config.yml") if p.exists()]
    assert len(recipes) == (2 if fields["method"] == "linear" else 1)
    for number, recipe in enumerate(recipes):
        again = export_merge(read_spec(recipe), tmp_path / f"again-{number}")
        assert open_checkpoint(str(again)).fingerprint == open_checkpoint(str(out)).fingerprint


def test_an_adapter_can_be_the_base(
    tiny_encoder: Path, tiny_adapted: Path, adapter: Path, tmp_path: Path
) -> None:
    spec = MergeSpec(str(adapter), (str(tiny_adapted),), scaling=0.5)
    out = export_merge(spec, tmp_path / "out")
    loaded, live = AutoModelForMaskedLM.from_pretrained(out).bert.state_dict(), merged_weights(spec)[1]
    for name, expected in live.items():
        torch.testing.assert_close(loaded[name], expected, rtol=0, atol=1e-6)


def test_cancel_and_an_existing_folder(tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path) -> None:
    spec = MergeSpec(str(tiny_encoder), (str(tiny_adapted),))
    with pytest.raises(Cancelled):
        export_merge(spec, tmp_path / "out", should_stop=lambda: True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "out").mkdir()
    with pytest.raises(StorageError, match="exists already"):
        export_merge(spec, tmp_path / "out")
