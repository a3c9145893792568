"""mergekit itself, run on the configuration that is written, gives the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import LlamaConfig, LlamaForCausalLM

from codemix_lab.config import MergeSpec
from codemix_lab.merging.export import export_merged
from codemix_lab.merging.mergekit_config import to_mergekit
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.sources import FileTaskVector
from codemix_lab.merging.stream import StreamedMerge
from codemix_lab.models.weights import is_head, open_weights

SHAPE = {
    "vocab_size": 60,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
FIELDS: list[dict[str, Any]] = [
    {"method": "linear", "scaling": 0.7, "weights": (2.0, 0.5)},
    {"method": "task-arithmetic", "scaling": 0.6, "weights": (1.0, -0.5)},
    {"method": "ties", "preset": "mergekit", "density": 0.3, "scaling": 0.6},
    {"method": "slerp", "scaling": 0.4},
]


@pytest.fixture(scope="module")
def llamas(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("llamas")
    for seed in range(3):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(LlamaConfig(**SHAPE))
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        model.save_pretrained(root / str(seed), max_shard_size="10KB")
    return [root / str(seed) for seed in range(3)]


@pytest.mark.parametrize("fields", FIELDS, ids=lambda fields: fields["method"])
def test_mergekit_run_on_our_configuration_gives_our_weights(
    llamas: list[Path], tmp_path: Path, fields: dict[str, Any]
) -> None:
    pytest.importorskip("immutables")
    kit, config = pytest.importorskip("mergekit.merge"), pytest.importorskip("mergekit.config")
    tips = llamas[1:2] if fields["method"] == "slerp" else llamas[1:]
    spec = MergeSpec(str(llamas[0]), tuple(map(str, tips)), **fields)
    text = to_mergekit(spec, [str(folder) for folder in (llamas[0], *tips)])
    options = kit.MergeOptions(copy_tokenizer=False, write_model_card=False, quiet=True)
    kit.run_merge(
        config.MergeConfiguration.model_validate(yaml.safe_load(text)), str(tmp_path / "theirs"), options
    )
    base = open_weights(llamas[0])
    assert len(list(llamas[0].glob("model-*.safetensors"))) > 1
    vectors = [FileTaskVector(base, open_weights(tip), tip.name) for tip in tips]
    merge = StreamedMerge(base, vectors, Recipe.of(spec), {})
    ours = open_weights(export_merged(tmp_path / "ours", llamas[0], merge, {}))
    theirs = open_weights(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    for name, expected in ours.items():
        torch.testing.assert_close(theirs[name], expected, rtol=0, atol=2e-7, msg=name)
        assert torch.equal(expected, base[name]) == is_head(name)
