"""Write a merged model as a folder that every tool of the field can open, through a window of memory."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from codemix_lab.errors import CheckpointError, StorageError
from codemix_lab.merging.shards import SHARD_BYTES, ShardWriter, plan, write_index
from codemix_lab.merging.stream import StreamedMerge
from codemix_lab.paths import new_folder, sweep_parts
from codemix_lab.progress import Progress, report

COPIED_SUFFIXES = frozenset({".json", ".txt", ".model", ".jinja", ".tiktoken", ".bpe"})
NEVER_COPIED = frozenset(
    {"adapter_config.json", "trainer_state.json", "all_results.json", "train_results.json"}
)
_SPARE_BYTES = 1 << 20


def export_merged(
    target: Path,
    base_folder: Path,
    merge: StreamedMerge,
    texts: Mapping[str, str],
    on_progress: Progress | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> Path:
    """Write `merge` as a model folder `target` and return it.

    The folder gets the weights in one file or in shards with their index, the configuration,
    tokenizer and license files of `base_folder`, and `texts` by file name (card, recipe). Tied names
    are written once, under the first; the metadata names the others. Progress counts megabytes.
    Either the whole folder appears or nothing does. What a killed export of the same name left
    half-written more than a day ago is deleted first.

    Raises `StorageError` if `target` exists, or the disk has too little space (before anything is
    written) or fills up; `CheckpointError` if `base_folder` has no `config.json` or a merged tensor
    holds NaN or infinite values; `Cancelled` when `merge` was asked to stop.
    """
    target, base_folder = Path(target), Path(base_folder)
    if not (base_folder / "config.json").is_file():
        raise CheckpointError(f"{base_folder} has no config.json. Give the folder of the base checkpoint.")
    companions = [path for path in sorted(base_folder.iterdir()) if path.is_file() and _is_companion(path)]
    shapes = merge.shapes
    total = sum(shape.bytes for shape in shapes.values())
    sweep_parts(target.parent, target.name)
    _check_space(target, total + sum(path.stat().st_size for path in companions) + _SPARE_BYTES)

    with new_folder(target) as folder:
        for path in companions:
            shutil.copyfile(path, folder / path.name)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        shards = plan(shapes, shard_bytes)
        done = 0
        for file, names in shards.items():
            inside = {name: shapes[name] for name in names}
            metadata = {name: first for name, first in merge.tied.items() if first in inside}
            with ShardWriter(folder / file, inside, metadata) as writer:
                for name in names:
                    for piece in merge.pieces(name):
                        writer.write(piece)
                        done += piece.numel() * piece.element_size()
                        report(on_progress, done // 1_000_000, total // 1_000_000, f"writing {name}")
        if len(shards) > 1:
            write_index(folder, shards, total)
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
