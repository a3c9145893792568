"""Adapters as task vectors: ΔW of every tensor that a LoRA folder changes, exactly and without its model."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codemix_lab.errors import CheckpointError, IncompatibleError
from codemix_lab.models.weights import backbone_names, is_head, open_weights

_PREFIX = "base_model.model."
_PARTS = re.compile(
    r"(?P<module>.*)\.(?P<part>lora_A\.weight|lora_B\.weight|lora_B\.bias|lora_embedding_A|lora_embedding_B"
    r"|lora_magnitude_vector(?:\.weight)?)$"
)
_UNKNOWN = re.compile(r"lora_|trainable_tokens|token_adapter|ia3_|hada_|oft_|vera_|prompt_embeddings")


class AdapterDeltas(Mapping[str, Tensor]):
    """ΔW by backbone name for one LoRA adapter; each is computed in float32 when it is asked for.

    LoRA (Hu et al. 2022, arXiv 2106.09685): ΔW = s·B·A with s = α/r, or α/√r when rank-stabilised
    (Kalajdzievski 2023); a layer's own rank and α (`rank_pattern`, `alpha_pattern`) count. DoRA (Liu
    et al. 2024, arXiv 2402.09353): ΔW = m/‖W + s·B·A‖·(W + s·B·A) − W, by output row. Fully trained
    tensors (`modules_to_save`, biases): ΔW = W_saved − W. Heads are left out.
    """

    def __init__(self, folder: Path, base: Mapping[str, Tensor]) -> None:
        """`base`: the weights under the adapter by their names in the file.

        Raises `CheckpointError` for another kind of adapter, `IncompatibleError` when a tensor of it
        has no place in `base` or another shape.
        """
        self._config = _read_config(folder)
        self._folder, self._base = folder, base
        self._saved = open_weights(folder)
        self._names = backbone_names(base)
        self._layers: dict[str, dict[str, str]] = {}
        self._whole: dict[str, str] = {}
        self._inner = {own: inner for inner, own in self._names.items()}
        for key in self._saved:
            self._sort_in(key)
        for name in self._layers:
            self._check(name)

    def __getitem__(self, name: str) -> Tensor:
        weight = self._base[self._names[name]].to(torch.float32)
        if name in self._whole:
            return self._saved[self._whole[name]].to(torch.float32) - weight
        parts = self._layers[name]
        read = {part: self._saved[key].to(torch.float32) for part, key in parts.items()}
        if "lora_B.bias" in read:
            return read["lora_B.bias"] * self._scale(parts["rank"], read["rank"].shape[0])
        kind = "embedding_%s" if "lora_embedding_A" in parts else "%s.weight"
        a, b = (read["lora_" + kind % half] for half in "AB")
        turned = "lora_embedding_A" in parts or bool(self._config.get("fan_in_fan_out"))
        delta = b @ a
        delta = (delta.T if turned else delta) * self._scale(next(iter(parts.values())), a.shape[0])
        magnitude = read.get("lora_magnitude_vector.weight", read.get("lora_magnitude_vector"))
        if magnitude is None:
            return delta
        moved = weight + delta
        along = 0 if turned else 1
        factor = magnitude.flatten() / torch.linalg.norm(moved, dim=along)
        return factor.unsqueeze(along) * moved - weight

    def __iter__(self) -> Iterator[str]:
        return iter({**self._layers, **self._whole})

    def __len__(self) -> int:
        return len(self._layers) + len(self._whole)

    def _sort_in(self, key: str) -> None:
        path = key.removeprefix(_PREFIX)
        found = _PARTS.match(path)
        if found is None and _UNKNOWN.search(path):
            raise CheckpointError(
                f"{self._folder}: “{key}” is of a kind of adapter that cannot be turned into a task vector. "
                "Merge it into its base with peft, save that model, and use its folder."
            )
        ending = "bias" if found and found["part"] == "lora_B.bias" else "weight"
        target = f"{found['module']}.{ending}" if found else path
        name = self._place(target.replace(".base_layer.", ".").replace(".modules_to_save.", "."), key)
        if name is None:
            return
        if found is None:
            if self._base[self._names[name]].shape != self._saved[key].shape:
                raise self._other_base(key)
            self._whole[name] = key
            return
        parts = self._layers.setdefault(name, {})
        parts[found["part"]] = key
        if ending == "bias":
            parts["rank"] = key.replace("lora_B.bias", "lora_A.weight")

    def _place(self, target: str, key: str) -> str | None:
        """The backbone name of a tensor, with the model's prefix or without; None for a head."""
        inner = target.partition(".")[2]
        for name in (target, self._inner.get(target), inner):
            if name in self._names:
                return name
        if target in self._base or is_head(target):
            return None
        raise self._other_base(key)

    def _check(self, name: str) -> None:
        parts, base = self._layers[name], self._base[self._names[name]]
        if "rank" in parts:
            fits = parts["rank"] in self._saved and self._saved[parts["lora_B.bias"]].shape == base.shape
        else:
            kind = "embedding_%s" if any("embedding" in part for part in parts) else "%s.weight"
            halves = [parts.get("lora_" + kind % x) for x in "AB"]
            if None in halves:
                raise CheckpointError(f"{self._folder}: “{name}” has only one of its two LoRA matrices.")
            a, b = (self._saved[half].shape for half in halves if half)
            turned = "embedding" in kind or bool(self._config.get("fan_in_fan_out"))
            if len(a) != 2 or len(b) != 2:
                raise CheckpointError(
                    f"{self._folder}: “{name}” is a LoRA of a convolution, which cannot be turned into a task vector."
                )
            wanted = (b[0], a[1])
            fits = a[0] == b[1] and a[0] > 0 and tuple(base.shape) == (wanted[::-1] if turned else wanted)
        if not fits:
            raise self._other_base(parts[next(iter(parts))])

    def _scale(self, key: str, rank: int) -> float:
        module = key.removeprefix(_PREFIX).partition(".lora_")[0]
        try:
            alpha = float(self._config.get("lora_alpha", 8))
            for pattern, own in (self._config.get("alpha_pattern") or {}).items():
                if re.match(rf"(.*\.)?({pattern})$", module):
                    alpha = float(own)
                    break
        except (TypeError, ValueError, AttributeError, re.error) as error:
            raise CheckpointError(
                f"{self._folder}/adapter_config.json: lora_alpha or alpha_pattern is damaged ({error})."
            ) from error
        return alpha / (math.sqrt(rank) if self._config.get("use_rslora") else rank)

    def _other_base(self, key: str) -> IncompatibleError:
        return IncompatibleError(
            f"the adapter {self._folder} was made for another base: its “{key}” has no place here."
        )


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "adapter_config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON ({error}).") from error
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if kind != "LORA":
        raise CheckpointError(f"{path}: {kind} adapters cannot be turned into a task vector; LoRA can.")
    return config
