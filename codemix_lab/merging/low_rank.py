"""A task vector as a LoRA adapter of chosen rank: the best one there is, and what it leaves out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import save_file
from torch import Tensor

from codemix_lab.errors import SpecError
from codemix_lab.merging.flat import check_finite
from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report


def low_rank(delta: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """B (rows, r) and A (r, columns) with B·A nearest to a matrix, r = min(rank, rows, columns).

    Truncated singular value decomposition in float32, optimal in the Frobenius norm (Eckart and Young
    1936); each factor takes the root of the singular values.

    >>> b, a = low_rank(torch.tensor([[2.0, 0.0], [0.0, 1.0]]), 1)
    >>> (b @ a).abs().round(decimals=4).tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    u, s, v = torch.linalg.svd(delta.to(torch.float32), full_matrices=False)
    root = s[:rank].sqrt()
    return u[:, :rank] * root, root[:, None] * v[:rank]


def write_adapter(
    target: Path,
    task_vector: Mapping[str, Tensor],
    names: Mapping[str, str],
    rank: int,
    base: str,
    fan_in_fan_out: bool = False,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> pd.DataFrame:
    """Write the task vector as an adapter folder that peft opens on its base; report what is lost.

    Matrices of linear layers become LoRA of `rank` with scale 1; embeddings, biases and norms, which
    LoRA cannot hold in that form, are left out and count as lost. `names`: the tensor's name in the
    model that the adapter is opened on, by backbone name. Columns: tensor, rank, norm (‖δ‖), error
    (‖δ − BA‖ / ‖δ‖, in [0, 1], 1 where left out); the last row “total” is over all tensors.

    Raises `SpecError` for a rank below 1 or a task vector without a matrix that changed,
    `StorageError` when `target` exists, `Cancelled` when asked to stop; nothing half-made is left.
    """
    if rank < 1:
        raise SpecError(f"rank = {rank} is out of range: choose 1 or more.")
    tensors: dict[str, Tensor] = {}
    rows: list[dict[str, object]] = []
    lost = whole = 0.0
    targets: list[str] = []
    ranks: dict[str, int] = {}
    with new_folder(Path(target)) as folder:
        for done, (name, delta) in enumerate(task_vector.items()):
            raise_if_stopped(should_stop)
            report(on_progress, done, len(task_vector), name)
            check_finite(delta, name, "the task vector")
            square = float(delta.double().square().sum())
            if not square:
                continue
            missed, used = square, 0
            if name in names and _is_linear(name, delta):
                module = names[name].removesuffix(".weight")
                b, a = low_rank(delta.T if fan_in_fan_out else delta, rank)
                used = b.shape[1]
                product = (b @ a).T if fan_in_fan_out else b @ a
                missed = float((delta - product).double().square().sum())
                tensors[f"base_model.model.{module}.lora_A.weight"] = a.contiguous()
                tensors[f"base_model.model.{module}.lora_B.weight"] = b.contiguous()
                targets.append(module)
                if used != rank:
                    ranks[module] = used
            lost, whole = lost + missed, whole + square
            rows.append(
                {"tensor": name, "rank": used, "norm": math.sqrt(square), "error": math.sqrt(missed / square)}
            )
        if not targets:
            raise SpecError("no matrix of a linear layer changed, so there is nothing to write as LoRA.")
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        config = {
            "peft_type": "LORA",
            "base_model_name_or_path": base,
            "r": rank,
            "lora_alpha": rank,
            "rank_pattern": ranks,
            "alpha_pattern": ranks,
            "target_modules": "|".join(re.escape(module) for module in targets),
            "fan_in_fan_out": fan_in_fan_out,
            "bias": "none",
            "lora_dropout": 0.0,
            "inference_mode": True,
        }
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    rows.append({"tensor": "total", "rank": rank, "norm": math.sqrt(whole), "error": math.sqrt(lost / whole)})
    return pd.DataFrame(rows)


def _is_linear(name: str, delta: Tensor) -> bool:
    return (
        delta.ndim == 2
        and name.endswith(".weight")
        and "embed" not in name
        and "wte" not in name
        and "wpe" not in name
    )
