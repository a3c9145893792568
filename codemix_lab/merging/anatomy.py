"""What a task vector is made of: how far each layer and module moved, and where task vectors disagree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from codemix_lab.errors import CheckpointError
from codemix_lab.merging.kernels import MAGNITUDE, compiled
from codemix_lab.merging.modules import layer_number, module_kind
from codemix_lab.merging.spread import cut_pieces
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

DENSITIES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
_BINS = 1 << 12
_BLOCK = 1 << 20


def layer_of(name: str) -> str:
    """Where a tensor lies, by its name: the input, a layer counted from one, or neither.

    >>> layer_of("encoder.layer.3.output.dense.weight"), layer_of("embeddings.word_embeddings.weight")
    ('layer 4', 'embeddings')
    """
    number = layer_number(name)
    if number is not None:
        return f"layer {number + 1}"
    return "embeddings" if "embed" in name or "wte" in name or "wpe" in name else "other"


def layer_place(layer: str) -> int:
    """What `layer_of` says as a number to sort by: input first, what lies outside the layers last."""
    number = layer.removeprefix("layer ")
    return int(number) if number.isdigit() else (0 if layer == "embeddings" else 10**6)


def lengths(
    base: Mapping[str, Tensor],
    task_vector: Mapping[str, Tensor],
    densities: Sequence[float] = DENSITIES,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> pd.DataFrame:
    """One row a layer and module kind, input first: how far it moved, and how much of that trimming keeps.

    Columns: layer, module (embeddings, attention, feed_forward, norms, other), elements, norm (‖τ‖),
    relative (‖τ‖ / ‖base‖, NaN where the base is zero), and for each density d a column `energy_d`:
    the share of ‖τ‖² that the d largest changes of every tensor hold, in [0, 1], from a histogram of
    4096 magnitudes (8 exponent bits and 4 of the mantissa): off by at most 0.5 % of one bin.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    names = [name for name in task_vector if base[name].is_floating_point()]
    for done, name in enumerate(names):
        raise_if_stopped(should_stop)
        report(on_progress, done, len(names), name)
        key = layer_of(name), module_kind(name)
        row = rows.setdefault(key, {"elements": 0, "tau": 0.0, "base": 0.0, "kept": np.zeros(len(densities))})
        tau = task_vector[name].reshape(-1).to(torch.float32).contiguous()
        square, kept = _energy(tau, densities)
        row["elements"] += tau.numel()
        row["tau"] += square
        row["base"] += sum(_dot(part, part) for part in _blocks(base[name]))
        row["kept"] += kept
    return pd.DataFrame(
        [
            {
                "layer": layer,
                "module": module,
                "elements": row["elements"],
                "norm": math.sqrt(row["tau"]),
                "relative": math.sqrt(row["tau"] / row["base"]) if row["base"] else math.nan,
            }
            | {
                f"energy_{d:g}": row["kept"][i] / row["tau"] if row["tau"] else math.nan
                for i, d in enumerate(densities)
            }
            for (layer, module), row in sorted(
                rows.items(), key=lambda item: (layer_place(item[0][0]), item[0][1])
            )
        ],
        columns=["layer", "module", "elements", "norm", "relative", *(f"energy_{d:g}" for d in densities)],
    )


def agreement(
    task_vectors: Mapping[str, Mapping[str, Tensor]], should_stop: ShouldStop | None = None
) -> pd.DataFrame:
    """One row a layer and pair of task vectors: do they point the same way, and who wins where not.

    Columns: layer, one, other, cosine (in [−1, 1], NaN for a zero vector), conflicts (share of
    elements where both moved, in opposite directions), one_wins (share of the conflicts in which
    `one` is the larger and so elects the sign under TIES without trimming; NaN without conflicts).

    >>> taus = {"a": {"w": torch.tensor([4.0, -3.0, 1.0, 0.0])}, "b": {"w": torch.tensor([2.0, 5.0, -0.5, 0.0])}}
    >>> agreement(taus)[["conflicts", "one_wins"]].round(3).values.tolist()
    [[0.5, 0.5]]
    """
    rows = []
    labels = list(task_vectors)
    for i, one in enumerate(labels):
        for other in labels[i + 1 :]:
            sums: dict[str, list[float]] = {}
            for name, first in task_vectors[one].items():
                raise_if_stopped(should_stop)
                row = sums.setdefault(layer_of(name), [0.0] * 6)
                for a, b in zip(_blocks(first), _blocks(task_vectors[other][name]), strict=True):
                    opposed = (
                        torch.signbit(a)
                        .logical_xor_(torch.signbit(b))
                        .logical_and_(a != 0)
                        .logical_and_(b != 0)
                    )
                    wins = opposed.logical_and(a.abs() >= b.abs())
                    found = (
                        _dot(a, b),
                        _dot(a, a),
                        _dot(b, b),
                        a.numel(),
                        int(opposed.sum()),
                        int(wins.sum()),
                    )
                    for place, value in enumerate(found):
                        row[place] += value
            rows += [_agreement_row(layer, one, other, row) for layer, row in sums.items()]
    frame = pd.DataFrame(rows, columns=["layer", "one", "other", "cosine", "conflicts", "one_wins"])
    return frame.sort_values(
        "layer", key=lambda layers: layers.map(layer_place), kind="stable", ignore_index=True
    )


def moved_rows(task_vector: Mapping[str, Tensor], pieces: Mapping[int, str], count: int = 20) -> pd.DataFrame:
    """The rows of the input embedding that moved most: columns row, piece, norm; largest first.

    `pieces`: what the tokenizer calls each row. Raises `CheckpointError` when there is no such matrix.
    """
    endings = ("word_embeddings.weight", "embed_tokens.weight", "wte.weight", "embed_in.weight")
    found = [name for name in task_vector if name.endswith(endings)]
    if not found:
        raise CheckpointError("this task vector has no input embedding, so no row of it can be shown.")
    norms = torch.linalg.vector_norm(task_vector[found[0]].to(torch.float32), dim=1)
    top = torch.topk(norms, min(count, len(norms)))
    return pd.DataFrame(
        {
            "row": top.indices.tolist(),
            "piece": [pieces.get(row, "") for row in top.indices.tolist()],
            "norm": top.values.tolist(),
        }
    )


@compiled
def _count_energy(values: Any, bits: Any, counts: Any, sums: Any) -> None:
    for i in range(values.size):
        place = (bits[i] & MAGNITUDE) >> np.uint32(19)
        counts[place] += 1.0
        sums[place] += np.float64(values[i]) * np.float64(values[i])


def _energy(tau: Tensor, densities: Sequence[float]) -> tuple[float, np.ndarray[Any, Any]]:
    """‖τ‖² and the part of it that each density keeps."""
    counts, sums = np.zeros(_BINS), np.zeros(_BINS)
    if tau.numel():
        _count_energy(tau.numpy(), tau.numpy().view(np.uint32), counts, sums)
    counts, sums = counts[::-1], sums[::-1]
    reached, energy = np.concatenate([[0.0], np.cumsum(counts)]), np.concatenate([[0.0], np.cumsum(sums)])
    wanted = [min(tau.numel(), max(1, round(d * tau.numel()))) if tau.numel() else 0 for d in densities]
    return float(energy[-1]), np.interp(wanted, *_rising(reached, energy))


def _rising(reached: np.ndarray[Any, Any], energy: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """The same curve without the bins that hold nothing."""
    first = np.concatenate([[True], np.diff(reached) > 0])
    return reached[first], energy[first]


def _blocks(tensor: Tensor) -> list[Tensor]:
    flat = tensor.reshape(-1)
    return [flat[start:stop].to(torch.float32) for start, stop in cut_pieces(flat.numel(), _BLOCK)]


def _dot(one: Tensor, other: Tensor) -> float:
    return float(torch.dot(one, other))


def _agreement_row(layer: str, one: str, other: str, row: Sequence[float]) -> dict[str, Any]:
    inner, square, other_square, elements, opposed, wins = row
    lengths = math.sqrt(square) * math.sqrt(other_square)
    return {
        "layer": layer,
        "one": one,
        "other": other,
        "cosine": inner / lengths if lengths else math.nan,
        "conflicts": opposed / elements if elements else 0.0,
        "one_wins": wins / opposed if opposed else math.nan,
    }
