"""One weight matrix of a task vector, looked at closely: a block of it, and what every density keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codemix_lab.config import TiesPreset
from codemix_lab.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

EDGE = 24
QUERIES = ("query.weight", "q_proj.weight")
DENSITIES = tuple(round(0.01 * percent, 2) for percent in range(1, 101))


@dataclass(frozen=True)
class Kept:
    """What trimming the whole matrix to `density` leaves: |δ| ≥ `threshold`, a share of elements and of ‖δ‖²."""

    density: float
    threshold: float
    share: float
    energy: float


@dataclass(frozen=True)
class MatrixView:
    """`block` is the upper left corner of the matrix `name` of `shape`; `kept` is about all of it."""

    name: str
    shape: tuple[int, int]
    block: tuple[tuple[float, ...], ...]
    kept: tuple[Kept, ...]

    def at(self, density: float) -> Kept:
        """What the nearest density keeps."""
        return min(self.kept, key=lambda kept: abs(kept.density - density))

    def to_json(self) -> dict[str, Any]:
        """Plain values to six digits."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "block": [[float(f"{value:.6g}") for value in row] for row in self.block],
            "kept": [[k.density, float(f"{k.threshold:.6g}"), *_rounded(k)] for k in self.kept],
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> MatrixView:
        """`to_json` backwards."""
        rows, columns = plain["shape"]
        block = tuple(tuple(float(value) for value in row) for row in plain["block"])
        return cls(
            str(plain["name"]), (int(rows), int(columns)), block, tuple(Kept(*row) for row in plain["kept"])
        )


def query_name(task_vector: Mapping[str, Tensor]) -> str:
    """The query matrix that moved furthest, else the matrix that did. Raises `DataError` when there is none."""
    moved = {
        name: float(delta.double().square().sum()) for name, delta in task_vector.items() if delta.ndim == 2
    }
    queries = {name: square for name, square in moved.items() if name.endswith(QUERIES)}
    chosen = {name: square for name, square in (queries or moved).items() if square}
    if not chosen:
        raise DataError("The task vector changes no matrix, so there is nothing to trim.")
    return max(chosen, key=chosen.__getitem__)


def look_at(name: str, delta: Tensor) -> MatrixView:
    """Trim one (rows, columns) matrix to each of `DENSITIES` by `merging.trim` and say what is left.

    >>> import torch
    >>> view = look_at("w", torch.tensor([[3.0, -1.0], [0.0, 2.0]]))
    >>> view.at(0.5)
    Kept(density=0.5, threshold=2.0, share=0.5, energy=0.928...)
    """
    from codemix_lab.merging.ties import kth_largest, trim

    whole = float(delta.double().square().sum())
    kept = []
    for density in DENSITIES:
        left = trim(delta, density)
        threshold = kth_largest(delta.abs(), TiesPreset.LAB.keeps(delta.numel(), density))
        share = float((left != 0).double().mean())
        kept.append(Kept(density, threshold, share, float(left.double().square().sum()) / whole))
    block = tuple(tuple(row) for row in delta[:EDGE, :EDGE].double().tolist())
    return MatrixView(name, (delta.shape[0], delta.shape[1]), block, tuple(kept))


def _rounded(kept: Kept) -> tuple[float, float]:
    return round(kept.share, 5), round(kept.energy, 5)
