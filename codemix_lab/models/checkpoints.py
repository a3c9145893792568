"""Checkpoints by one string: a starter name, a folder, FOLDER@STEP of its trajectory, or a hub id with `@revision`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from transformers import AutoConfig, PretrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from codemix_lab.errors import CheckpointError
from codemix_lab.models.fingerprint import fingerprint_folder
from codemix_lab.models.starter.names import is_starter_name, starter_paths
from codemix_lab.models.trajectory import FOLDER, place_of, steps_kept

_WANTED = ["*.json", "*.safetensors", "*.model", "*.txt"]


@dataclass(frozen=True)
class Checkpoint:
    """One openable model: full weights in `folder`, and an adapter on top of them or None.

    `ref` is the string it was asked by; `config` the transformers configuration of the full weights.
    """

    ref: str
    folder: Path
    adapter: Path | None
    config: PretrainedConfig = field(compare=False, repr=False)

    @property
    def architecture(self) -> str:
        """The model family as transformers calls it, such as "bert", "xlm-roberta", "llama"."""
        return str(self.config.model_type)

    @property
    def is_encoder(self) -> bool:
        """True for masked-language models, False for causal decoders."""
        return self.architecture in MODEL_FOR_MASKED_LM_MAPPING_NAMES

    @property
    def fingerprint(self) -> str:
        """SHA-256 over names, shapes, dtypes and contents of all tensors, adapter included."""
        return fingerprint_folder(self.folder, self.adapter)


def open_checkpoint(ref: str, base: Checkpoint | None = None) -> Checkpoint:
    """Find a checkpoint without loading its weights.

    An adapter folder is opened on the base it names; where that cannot be found, on `base`.
    Raises `CheckpointError` when there is no such folder or hub id, when the folder holds no model,
    or when its weights are a pickle.
    """
    if is_starter_name(ref):
        folder, adapter = starter_paths(ref)
        return Checkpoint(ref, folder, adapter, _config(folder, ref))
    local = place_of(ref)
    if local.is_file():
        raise CheckpointError(f"{ref} is a file. Give the folder that holds config.json and the weights.")
    folder = local if local.is_dir() else _from_hub(ref)
    if (folder / "adapter_config.json").is_file():
        return _open_adapter(ref, folder, base)
    if not (folder / "config.json").is_file():
        raise CheckpointError(
            f"{ref} is no model: there is neither config.json nor adapter_config.json in it."
        )
    _refuse_pickle(folder, "model", ref)
    return Checkpoint(ref, folder, None, _config(folder, ref))


def _open_adapter(ref: str, folder: Path, base: Checkpoint | None) -> Checkpoint:
    _refuse_pickle(folder, "adapter_model", ref)
    named = _read_json(folder / "adapter_config.json", ref).get("base_model_name_or_path")
    try:
        under = open_checkpoint(str(named)) if named else base
    except CheckpointError:
        under = base
    if under is None:
        raise CheckpointError(
            f"{ref} is an adapter for “{named}”, which cannot be opened here. Give its base as --base."
        )
    return Checkpoint(ref, under.folder, folder, under.config)


def _from_hub(ref: str) -> Path:
    _refuse_step(ref)
    name, _, revision = ref.partition("@")
    if ref.startswith((".", "/", "~")) or name.count("/") > 1:
        raise CheckpointError(f"there is no folder {ref}. Check the path.")
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=_WANTED))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise CheckpointError(
            f"“{ref}” is no starter name, no folder here, and the model hub did not give it ({type(error).__name__}). "
            "Check the name; without a network only starter names, folders and cached hub ids open."
        ) from error


def _refuse_step(ref: str) -> None:
    """Raise `CheckpointError` where `ref` is FOLDER@STEP of a folder that is here and kept no such step."""
    folder = Path(ref.rpartition("@")[0] or ref).expanduser()
    if place_of(ref) == Path(ref).expanduser() or not folder.is_dir():
        return
    kept = steps_kept(folder / FOLDER)
    steps = (
        f"steps {', '.join(map(str, kept))}"
        if kept
        else "no step: run continued pre-training with --trajectory"
    )
    raise CheckpointError(f"{ref}: there is no checkpoint of that step. {folder} kept {steps}.")


def _refuse_pickle(folder: Path, stem: str, ref: str) -> None:
    if any(folder.glob(f"{stem}*.safetensors")):
        return
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")):
        raise CheckpointError(
            f"{ref} holds its weights as a pickle, which can run code when opened, so it is refused. Convert it "
            "where you trust it: load it with transformers and call save_pretrained, which writes safetensors."
        )
    raise CheckpointError(f"{ref} holds no weights: there is no {stem}*.safetensors in it.")


def _config(folder: Path, ref: str) -> PretrainedConfig:
    _read_json(folder / "config.json", ref)
    try:
        return AutoConfig.from_pretrained(folder)
    except (ValueError, KeyError, OSError, TypeError) as error:
        raise CheckpointError(
            f"{ref}: config.json does not describe a model that transformers knows ({error})."
        ) from error


def _read_json(path: Path, ref: str) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{ref}: {path.name} cannot be read as JSON ({error}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{ref}: {path.name} holds no JSON object.")
    return values
