"""What a task vector is made of: how far each layer and module moved, and where task vectors disagree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from codemix_lab.errors import CheckpointError
from codemix_lab.merging.anatomy_kernels import Sums, compare, energies, squared_lengths
from codemix_lab.merging.modules import layer_number, module_kind
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

DENSITIES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


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
    the share of ‖τ‖² that the d largest changes of every tensor hold, in [0, 1]. Energies are summed
    by bins of magnitude that are 1/16 of a power of two wide; inside the bin that a density cuts, all
    changes count as equally large, which is off by at most 3.1 % of what that bin holds.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    layers = _by_layer([name for name in task_vector if base[name].is_floating_point()])
    for done, (layer, names) in enumerate(layers.items()):
        raise_if_stopped(should_stop)
        report(on_progress, done, len(layers), layer)
        spectra = energies([task_vector[name] for name in names])
        squares = squared_lengths([base[name] for name in names])
        for name, spectrum, before in zip(names, spectra, squares, strict=True):
            blank = {"elements": 0, "tau": 0.0, "base": 0.0, "kept": np.zeros(len(densities))}
            row = rows.setdefault((layer, module_kind(name)), blank)
            square, kept = _energy(spectrum, densities)
            row["elements"] += task_vector[name].numel()
            row["tau"] += square
            row["base"] += before
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
            sums: dict[str, Sums] = {}
            for layer, names in _by_layer(task_vectors[one]).items():
                raise_if_stopped(should_stop)
                pairs = [[task_vectors[label][name] for name in names] for label in (one, other)]
                size = sum(first.numel() for first in pairs[0])
                sums[layer] = np.array([size, *np.sum(compare(*pairs), axis=0)])
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


def _by_layer(names: Iterable[str]) -> dict[str, list[str]]:
    """The names of each layer, in their order."""
    layers: dict[str, list[str]] = {}
    for name in names:
        layers.setdefault(layer_of(name), []).append(name)
    return layers


def _energy(spectrum: Sums, densities: Sequence[float]) -> tuple[float, Sums]:
    """‖τ‖² and the part of it that each density keeps, from what `energies` found."""
    counts, sums = spectrum[spectrum[:, 0] > 0][::-1].T
    reached, energy = np.concatenate([[0.0], np.cumsum(counts)]), np.concatenate([[0.0], np.cumsum(sums)])
    size = int(reached[-1])
    wanted = [min(size, max(1, round(d * size))) for d in densities]
    return float(energy[-1]), np.interp(wanted, reached, energy)


def _agreement_row(layer: str, one: str, other: str, row: Sums) -> dict[str, Any]:
    elements, inner, square, other_square, opposed, wins = row.tolist()
    lengths = math.sqrt(square) * math.sqrt(other_square)
    return {
        "layer": layer,
        "one": one,
        "other": other,
        "cosine": inner / lengths if lengths else math.nan,
        "conflicts": opposed / elements if elements else 0.0,
        "one_wins": wins / opposed if opposed else math.nan,
    }
