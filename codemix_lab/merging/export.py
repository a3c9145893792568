"""Write a merged model as a folder that every tool of the field can open."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from codemix_lab.config import MergeSpec
from codemix_lab.errors import CheckpointError, StorageError
from codemix_lab.merging.flat import check_finite, tied_names
from codemix_lab.paths import new_folder

WEIGHTS = "model.safetensors"
COPIED_SUFFIXES = frozenset({".json", ".txt", ".model", ".jinja", ".tiktoken", ".bpe"})
NEVER_COPIED = frozenset(
    {"adapter_config.json", "trainer_state.json", "all_results.json", "train_results.json"}
)
_SPARE_BYTES = 1 << 20


def export_merged(
    target: Path, base_folder: Path, state: Mapping[str, Tensor], card: str, spec: MergeSpec
) -> Path:
    """Write `state` as a model folder `target` and return it.

    `state` has the names of the base's weight files. The folder gets `model.safetensors`, the
    configuration, tokenizer and license files of `base_folder`, the recipe as `merge.yaml` and the
    card as `README.md`. Tied names are written once, under the first; the file's metadata names the
    others. Either the whole folder appears or nothing does.

    Raises `StorageError` if `target` exists, or the disk has too little space (before anything is
    written) or fills up; `CheckpointError` if `base_folder` has no `config.json` or a merged tensor
    holds NaN or infinite values.
    """
    target, base_folder = Path(target), Path(base_folder)
    if not (base_folder / "config.json").is_file():
        raise CheckpointError(f"{base_folder} has no config.json. Give the folder of the base checkpoint.")
    for name, tensor in state.items():
        if tensor.is_floating_point():
            check_finite(tensor, name, "the merged model")
    tied = tied_names(state)
    weights = {name: tensor.contiguous() for name, tensor in state.items() if name not in tied}
    companions = [path for path in sorted(base_folder.iterdir()) if path.is_file() and _is_companion(path)]
    sizes = [t.numel() * t.element_size() for t in weights.values()] + [p.stat().st_size for p in companions]
    _check_space(target, sum(sizes) + _SPARE_BYTES)

    with new_folder(target) as folder:
        for path in companions:
            shutil.copyfile(path, folder / path.name)
        (folder / "merge.yaml").write_text(spec.to_yaml(), encoding="utf-8")
        (folder / "README.md").write_text(card, encoding="utf-8")
        _save(weights, folder / WEIGHTS, {"format": "pt", **tied}, target)
    return target


def _is_companion(path: Path) -> bool:
    name = path.name
    if name.lower().startswith("license"):
        return True
    return path.suffix in COPIED_SUFFIXES and not name.endswith(".index.json") and name not in NEVER_COPIED


def _check_space(target: Path, needed: int) -> None:
    existing = next(folder for folder in target.absolute().parents if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < needed and not target.exists():
        raise StorageError(
            f"{target}: this model needs {needed / 1e6:,.0f} MB, but only {free / 1e6:,.0f} MB are free."
            " Free some space or choose another disk; nothing was written."
        )


def _save(weights: dict[str, Tensor], path: Path, metadata: dict[str, str], target: Path) -> None:
    try:
        save_file(weights, path, metadata=metadata)
    except SafetensorError as error:
        raise StorageError(
            f"{target}: the weights could not be written ({error}). Check the disk and try again; nothing was kept."
        ) from error
