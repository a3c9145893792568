"""What is written is what was merged; anything that goes wrong leaves nothing behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from codemix_lab.errors import Cancelled, CheckpointError, IncompatibleError, StorageError
from codemix_lab.merging import export as export_module
from codemix_lab.merging import stream_thresholds
from codemix_lab.merging.export import export_merged
from codemix_lab.merging.merge import merge_by
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.shards import ShardWriter
from codemix_lab.merging.sources import FileTaskVector
from codemix_lab.merging.stream import StreamedMerge
from codemix_lab.models.weights import open_weights

COMPANIONS = {"config.json": "{}", "tokenizer.json": "{}", "vocab.txt": "a", "LICENSE.md": "MIT"}
LEFT_OUT = {"pytorch_model.bin": "old", "README.md": "old card", "adapter_config.json": "{}"}
TEXTS = {"README.md": "# card", "merge.yaml": "base: x"}
RECIPES = [
    Recipe(0.6, 0.2),
    Recipe(0.6, 0.2, scope="layer"),
    Recipe(0.6, 0.3, scope="global"),
    Recipe(0.6, 0.3, preset="mergekit", weights=(0.5, 2.0)),
    Recipe(0.6, 0.3, preset="paper", scope="global"),
    Recipe(0.6, 0.5, "dare-ties", seed=3),
    Recipe(0.6, 0.3, "breadcrumbs"),
    Recipe(0.6, 1.0, "task-arithmetic", weights=(1.0, -0.5)),
    Recipe(1.0, 1.0, "model-stock"),
    Recipe(0.6, 1.0, "task-arithmetic", schedule="lines", depth=(0.5,)),
    Recipe(0.0, 1.0, "task-arithmetic"),
]


def state(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def values(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "bert.embed.weight": values(30, 20),
        "bert.layer.0.attention.weight": values(20, 20).bfloat16(),
        "bert.layer.1.norm.bias": values(3),
        "bert.layer.1.scale": values(1)[0],
        "bert.empty": torch.empty(0, 4),
        "bert.ids": torch.arange(4),
        "cls.bias": values(5),
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, tensors: dict[str, Tensor]) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for file, text in (COMPANIONS | LEFT_OUT).items():
            (folder / file).write_text(text)
        save_file(tensors, folder / "model.safetensors")
        return folder

    return make


@pytest.fixture
def folders(write: Callable[..., Path]) -> list[Path]:
    return [write(f"model-{seed}", state(seed)) for seed in range(3)]


def streamed(
    folders: list[Path], recipe: Recipe = RECIPES[0], piece: int = 1 << 24, **more: object
) -> StreamedMerge:
    base = open_weights(folders[0])
    vectors = [FileTaskVector(base, open_weights(folder), folder.name) for folder in folders[1:]]
    return StreamedMerge(base, vectors, recipe, {}, piece=piece, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "recipe", RECIPES, ids=lambda r: f"{r.method} {r.preset} {r.scope} {r.schedule} {r.scaling}"
)
@pytest.mark.parametrize("piece", [7, 1 << 24])
def test_the_folder_holds_exactly_the_reference_merge(
    folders: list[Path], tmp_path: Path, recipe: Recipe, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [
        {n.removeprefix("bert."): t for n, t in load_file(f / "model.safetensors").items()} for f in folders
    ]
    inner = [{n: t for n, t in s.items() if not n.startswith("cls")} for s in states]
    taus = [
        {n: tip[n].float() - t.float() for n, t in inner[0].items() if t.is_floating_point()}
        for tip in inner[1:]
    ]
    monkeypatch.setattr(stream_thresholds, "_SORTED", 100 if piece == 7 else 1 << 18)
    reference = merge_by(inner[0], taus, recipe)
    target = export_merged(tmp_path / "out" / "merged", folders[0], streamed(folders, recipe, piece), TEXTS)
    written = load_file(target / "model.safetensors")
    assert written.keys() == state(0).keys()
    for name, expected in reference.items():
        assert written[f"bert.{name}"].dtype == expected.dtype
        assert torch.equal(written[f"bert.{name}"], expected), name
    assert torch.equal(written["cls.bias"], states[0]["cls.bias"])
    assert {p.name for p in target.iterdir()} == {*COMPANIONS, "model.safetensors", *TEXTS}
    assert (target / "README.md").read_text() == "# card"


def test_shards_hold_the_same_as_one_file(folders: list[Path], tmp_path: Path) -> None:
    one = export_merged(tmp_path / "one", folders[0], streamed(folders), {})
    many = export_merged(tmp_path / "many", folders[0], streamed(folders), {}, shard_bytes=1000)
    assert len(list(many.glob("model-*-of-*.safetensors"))) > 1
    first, second = open_weights(one), open_weights(many)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_tied_names_are_written_once_and_noted(folders: list[Path], tmp_path: Path) -> None:
    base = open_weights(folders[0])
    merge = StreamedMerge(
        base, [FileTaskVector(base, base, "x")], RECIPES[0], {"cls.bias": "bert.embed.weight"}
    )
    target = export_merged(tmp_path / "merged", folders[0], merge, {})
    with safetensors.safe_open(target / "model.safetensors", "pt") as file:
        assert set(file.keys()) == state(0).keys() - {"cls.bias"}
        assert file.metadata() == {"format": "pt", "cls.bias": "bert.embed.weight"}


def test_an_existing_target_is_refused_and_untouched(folders: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "merged"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="exists already"):
        export_merged(target, folders[0], streamed(folders), {})
    assert [p.name for p in target.iterdir()] == ["mine.txt"]


def test_too_little_space_is_refused_before_anything_is_written(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(export_module, "new_folder", lambda target: pytest.fail("began to write"))
    with pytest.raises(StorageError, match=r"needs .* MB, but only 0 MB are free"):
        export_merged(tmp_path / "deep" / "merged", folders[0], streamed(folders), {})
    assert not (tmp_path / "deep").exists()


def test_a_disk_that_fills_up_leaves_nothing(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: ShardWriter, piece: Tensor) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ShardWriter, "write", full)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StorageError, match="disk is full"):
        export_merged(tmp_path / "merged", folders[0], streamed(folders), {})
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("after", range(6))
def test_cancel_at_any_point_leaves_nothing(folders: list[Path], tmp_path: Path, after: int) -> None:
    asked: Iterator[bool] = iter([False] * after + [True] * 99)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Cancelled):
        export_merged(tmp_path / "x", folders[0], streamed(folders, should_stop=lambda: next(asked)), {})
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_killed_export_left_is_swept_after_a_day(folders: list[Path], tmp_path: Path) -> None:
    old, young, other = (tmp_path / f".{name}.part" for name in ("x.0123abcd", "x.89abcdef", "y.0123abcd"))
    for left in (old, young, other):
        left.mkdir()
        (left / "model.safetensors").write_text("half")
    for left in (old, other):
        os.utime(left, (0, 0))
    export_merged(tmp_path / "x", folders[0], streamed(folders), {})
    assert not old.exists() and young.exists() and other.exists()


def test_progress_ends_at_the_whole(folders: list[Path], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    export_merged(
        tmp_path / "x", folders[0], streamed(folders), {}, lambda done, total, _: seen.append((done, total))
    )
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1]


def test_damaged_weights_and_a_folder_without_config_are_refused(
    folders: list[Path], write: Callable[..., Path], tmp_path: Path
) -> None:
    broken = write("broken", state(4) | {"bert.layer.1.scale": torch.tensor(float("nan"))})
    with pytest.raises(CheckpointError, match=r"broken: “bert\.layer\.1\.scale” holds NaN"):
        export_merged(tmp_path / "merged", folders[0], streamed([folders[0], broken]), {})
    (folders[0] / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        export_merged(tmp_path / "merged", folders[0], streamed(folders), {})
    assert not (tmp_path / "merged").exists()


def test_tensors_that_do_not_fit_are_named(folders: list[Path], write: Callable[..., Path]) -> None:
    cases = {
        "shape": (state(4) | {"bert.embed.weight": torch.ones(31, 20)}, r"shape \(31, 20\)"),
        "missing": ({n: t for n, t in state(4).items() if "norm" not in n}, r"lacks “layer\.1\.norm\.bias”"),
        "extra": (state(4) | {"bert.more": torch.ones(2)}, "has “more”, which the base lacks"),
    }
    for name, (tensors, message) in cases.items():
        with pytest.raises(IncompatibleError, match=message):
            streamed([folders[0], write(name, tensors)])
    half = write("half", {n: t.half() if t.is_floating_point() else t for n, t in state(4).items()})
    list(streamed([folders[0], half]).pieces("bert.embed.weight"))


@pytest.mark.parametrize(
    "recipe", [RECIPES[0], RECIPES[2], RECIPES[9], Recipe(0.0), Recipe(0.6, preset="paper")]
)
@pytest.mark.parametrize("piece", [7, 1 << 24])
def test_one_task_vector_between_bfloat16_files_is_the_reference_too(
    write: Callable[..., Path], tmp_path: Path, recipe: Recipe, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_thresholds, "_SORTED", 100)
    states = [{name: t.bfloat16() for name, t in state(seed).items() if "ids" not in name} for seed in (0, 1)]
    folders = [write(f"half-{i}", tensors) for i, tensors in enumerate(states)]
    inner = [{n: t for n, t in s.items() if not n.startswith("cls")} for s in states]
    tau = {name: inner[1][name].float() - t.float() for name, t in inner[0].items()}
    expected = merge_by(inner[0], [tau], recipe)
    target = export_merged(tmp_path / "out", folders[0], streamed(folders, recipe, piece), {})
    written = load_file(target / "model.safetensors")
    for name, tensor in expected.items():
        assert torch.equal(written[name], tensor), name


def test_a_value_that_is_no_number_is_named_between_bfloat16_files(write: Callable[..., Path]) -> None:
    base = {"w": torch.ones(50).bfloat16(), "v": torch.ones(2).bfloat16()}
    broken = {**base, "w": base["w"].clone()}
    broken["w"][7] = float("nan")
    merge = streamed([write("good", base), write("broken", broken)], Recipe(0.6, 1.0, "task-arithmetic"))
    with pytest.raises(CheckpointError, match="broken: “w” holds NaN"):
        list(merge.pieces("w"))
