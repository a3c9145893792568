"""Weights are read where they lie; whatever a damaged file says, the answer is one sentence."""

from __future__ import annotations

import json
import struct
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from codemix_lab.errors import CheckpointError
from codemix_lab.models.weights import backbone_names, floating, open_weights

INDEX = "model.safetensors.index.json"


def sharded(folder: Path) -> Path:
    folder.mkdir()
    save_file({"a": torch.arange(4.0)}, folder / "one.safetensors")
    save_file({"b": torch.ones(2, 3).bfloat16(), "ids": torch.arange(3)}, folder / "two.safetensors")
    shards = {"a": "one.safetensors", "b": "two.safetensors", "ids": "two.safetensors"}
    (folder / INDEX).write_text(json.dumps({"weight_map": shards}))
    return folder


def test_shards_read_as_one(tmp_path: Path) -> None:
    weights = open_weights(sharded(tmp_path / "model"))
    assert set(weights) == {"a", "b", "ids"} and len(weights) == 3
    assert torch.equal(weights["a"], torch.arange(4.0)) and weights["b"].dtype == torch.bfloat16
    assert floating(weights, "b") and not floating(weights, "ids")
    with pytest.raises(KeyError):
        weights["c"]


def test_a_missing_a_cut_and_a_doubled_shard_are_named(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "model")
    whole = (folder / "two.safetensors").read_bytes()
    (folder / "two.safetensors").write_bytes(whole[:-1])
    with pytest.raises(CheckpointError, match=r"two\.safetensors is damaged or cut short"):
        open_weights(folder)
    (folder / "two.safetensors").write_bytes((folder / "one.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match="“a” stands in another shard too"):
        open_weights(folder)
    (folder / "two.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"shard two\.safetensors .* is missing"):
        open_weights(folder)


@pytest.mark.parametrize(
    "index", ["", "[]", "{}", '{"weight_map": 1}', '{"weight_map": {"a": 1}}', '{"weight_map": {}}',
              '{"weight_map": {"a": "../one.safetensors"}}', '{"weight_map": {"a": "/etc/passwd"}}', "[" * 100_000]
)  # fmt: skip
def test_an_index_that_is_none_is_refused(tmp_path: Path, index: str) -> None:
    folder = sharded(tmp_path / "model")
    (folder / INDEX).write_text(index)
    with pytest.raises(CheckpointError, match=r"index\.json"):
        open_weights(folder)


def test_names_lose_what_all_share_and_heads() -> None:
    llama = ["model.embed_tokens.weight", "model.layers.0.mlp.weight", "model.norm.weight", "lm_head.weight"]
    assert list(backbone_names(llama)) == ["embed_tokens.weight", "layers.0.mlp.weight", "norm.weight"]
    assert backbone_names(["embed_tokens.weight", "layers.0.w"]).keys() == {
        "embed_tokens.weight",
        "layers.0.w",
    }
    assert backbone_names(["w"]) == {"w": "w"}


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "BF16", "I64", "F8_E4M3", "F4", "X", ""]) | JSONISH,
        "shape": st.lists(st.integers(-2, 2**63), max_size=3) | JSONISH,
        "data_offsets": st.lists(st.integers(-1, 64), min_size=2, max_size=2) | JSONISH,
    }
)
HEADERS = st.one_of(
    st.binary(max_size=80),
    JSONISH.map(lambda v: json.dumps(v).encode()),
    st.dictionaries(st.sampled_from(["a", "b", "__metadata__"]), ENTRY, max_size=3).map(
        lambda v: json.dumps(v).encode()
    ),
)


@given(HEADERS, st.one_of(st.none(), st.integers(0, 2**64 - 1)), st.binary(max_size=64))
def test_whatever_the_header_says_it_opens_or_is_refused(
    header: bytes, length: int | None, data: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        size = len(header) if length is None else length
        (Path(folder) / "model.safetensors").write_bytes(struct.pack("<Q", size) + header + data)
        try:
            weights = open_weights(Path(folder))
            read = {name: weights[name] for name in weights}
        except CheckpointError:
            read = {}
        assert sum(t.numel() * t.element_size() for t in read.values()) <= len(data)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_a_good_file_with_bytes_exchanged_opens_or_is_refused(at: int, other: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_file({"a": torch.ones(3), "b": torch.ones(2, 2).half()}, path)
        whole = bytearray(path.read_bytes())
        whole[at : at + len(other)] = other
        path.write_bytes(bytes(whole))
        try:
            weights = open_weights(Path(folder))
            dict(weights.items())
        except CheckpointError:
            pass
