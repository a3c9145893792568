"""What is written is what was merged; anything that goes wrong leaves nothing behind."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from codemix_lab.config import MergeMethod, MergeSpec
from codemix_lab.errors import CheckpointError, StorageError
from codemix_lab.merging import export as export_module
from codemix_lab.merging.export import export_merged
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.merge import merge

SPEC = MergeSpec(base="base", adapted=("cpt",), method=MergeMethod.TIES, scaling=0.6, density=0.2)
COMPANIONS = {"config.json": "{}", "tokenizer.json": "{}", "vocab.txt": "a", "LICENSE.md": "MIT"}
LEFT_OUT = {"model.safetensors": "old", "pytorch_model.bin": "old", "model.safetensors.index.json": "{}"}


@pytest.fixture
def base_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    for name, text in (
        COMPANIONS | LEFT_OUT | {"README.md": "old card", "adapter_config.json": "{}"}
    ).items():
        (folder / name).write_text(text)
    return folder


def merged_state() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    base = {
        "w": torch.randn(30, 20, generator=generator),
        "b": torch.randn(3).bfloat16(),
        "ids": torch.arange(4),
    }
    tau = {name: torch.randn(t.shape, generator=generator) for name, t in base.items() if name != "ids"}
    snapshot = LiveMerge(base, [tau]).snapshot(0.6, 0.2)
    reference = merge(base, [tau], MergeMethod.TIES, 0.6, 0.2)
    assert all(torch.equal(snapshot[name], reference[name]) for name in reference)
    return snapshot


def test_the_folder_holds_exactly_the_merge(base_folder: Path, tmp_path: Path) -> None:
    state = merged_state()
    target = export_merged(tmp_path / "out" / "merged", base_folder, state, "# card", SPEC)
    loaded = load_file(target / "model.safetensors")
    assert loaded.keys() == state.keys()
    for name, tensor in state.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)
    assert {p.name for p in target.iterdir()} == {*COMPANIONS, "model.safetensors", "merge.yaml", "README.md"}
    assert MergeSpec.from_yaml((target / "merge.yaml").read_text()) == SPEC
    assert (target / "README.md").read_text() == "# card"


def test_tied_names_are_written_once_and_noted(base_folder: Path, tmp_path: Path) -> None:
    shared = torch.ones(4)
    state = {"embed": shared, "head": shared, "turned": torch.ones(2, 3).T}
    target = export_merged(tmp_path / "merged", base_folder, state, "", SPEC)
    with safetensors.safe_open(target / "model.safetensors", "pt") as file:
        assert set(file.keys()) == {"embed", "turned"}
        assert file.metadata() == {"format": "pt", "head": "embed"}


def test_an_existing_target_is_refused_and_untouched(base_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "merged"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="exists already"):
        export_merged(target, base_folder, merged_state(), "", SPEC)
    assert [p.name for p in target.iterdir()] == ["mine.txt"]


def test_too_little_space_is_refused_before_anything_is_written(
    base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(export_module, "new_folder", lambda target: pytest.fail("began to write"))
    with pytest.raises(StorageError, match=r"needs .* MB, but only 0 MB are free"):
        export_merged(tmp_path / "deep" / "merged", base_folder, merged_state(), "", SPEC)
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), safetensors.SafetensorError("IoError: No space left on device")],
)
def test_a_disk_that_fills_up_leaves_nothing(
    base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def half(weights: Mapping[str, Tensor], path: Path, **options: Any) -> None:
        path.write_bytes(b"half a file")
        raise error

    monkeypatch.setattr(export_module, "save_file", half)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StorageError, match="merged"):
        export_merged(tmp_path / "merged", base_folder, merged_state(), "", SPEC)
    assert sorted(tmp_path.rglob("*")) == before


def test_damaged_weights_and_a_folder_without_config_are_refused(base_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="“w” holds NaN"):
        export_merged(tmp_path / "merged", base_folder, {"w": torch.tensor([float("nan")])}, "", SPEC)
    (base_folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        export_merged(tmp_path / "merged", base_folder, merged_state(), "", SPEC)
    assert not (tmp_path / "merged").exists()
