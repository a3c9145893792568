"""The plane through a base and two checkpoints: its axes, and which merge lies at each of its points.

A picture of the plane is a picture of merges, because every point of it is θ_base + a·τ₁ + b·τ₂. The
axes are made orthonormal by Gram–Schmidt, so that lengths and angles on the screen are those of the
weights (Goodfellow, Vinyals and Saxe 2015, arXiv 1412.6544; planes through three checkpoints: Garipov
et al. 2018, arXiv 1802.10026). All of that needs the two lengths and one angle, and no weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemix_lab.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

PARALLEL = 1e-3
"""Sine of the angle below which two task vectors span no plane that could be drawn."""


@dataclass(frozen=True)
class Plane:
    """Lengths ‖τ₁‖ and ‖τ₂‖ of two task vectors and the cosine of their angle.

    The base is the origin, the first axis points along τ₁, the second is what τ₂ has beside it; both
    count in the lengths of weights. Raises `DataError` for a vector of no length or two that are parallel.
    """

    first: float
    second: float
    cosine: float

    def __post_init__(self) -> None:
        if not (self.first > 0 and self.second > 0):
            raise DataError("A task vector of length zero points nowhere: choose a checkpoint that changed.")
        if not self.height > PARALLEL * self.second:
            raise DataError("The two task vectors are parallel and span no plane: choose another checkpoint.")

    @property
    def along(self) -> float:
        """How far τ₂ reaches along τ₁: ‖τ₂‖ cos φ."""
        return self.second * self.cosine

    @property
    def height(self) -> float:
        """How far τ₂ reaches beside τ₁: ‖τ₂‖ sin φ, what Gram–Schmidt leaves of it."""
        return self.second * math.sqrt(max(0.0, 1 - self.cosine**2))

    @property
    def angle(self) -> float:
        """Angle between the two task vectors in degrees, 0 to 180."""
        return math.degrees(math.acos(max(-1.0, min(1.0, self.cosine))))

    @property
    def corners(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        """Coordinates of the base and the two checkpoints.

        >>> Plane(3.0, 5.0, 0.6).corners
        ((0.0, 0.0), (3.0, 0.0), (3.0, 4.0))
        """
        return (0.0, 0.0), (self.first, 0.0), (self.along, self.height)

    def weights(self, x: float, y: float) -> tuple[float, float]:
        """(a, b) with θ_base + a·τ₁ + b·τ₂ at the point (x, y).

        >>> Plane(3.0, 5.0, 0.6).weights(3.0, 4.0)
        (0.0, 1.0)
        """
        b = y / self.height
        return (x - b * self.along) / self.first, b

    def point(self, a: float, b: float) -> tuple[float, float]:
        """Where θ_base + a·τ₁ + b·τ₂ lies: `weights` backwards.

        >>> Plane(3.0, 5.0, 0.6).point(1.0, 0.5)
        (4.5, 2.0)
        """
        return a * self.first + b * self.along, b * self.height


def plane_through(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> Plane:
    """The plane that two task vectors span with the base, summed in float64. Raises `DataError`."""
    squares = [sum(_dot(a[name], b[name]) for name in a) for a, b in ((one, one), (other, other))]
    product = sum(_dot(one[name], other[name]) for name in one)
    lengths = [math.sqrt(square) for square in squares]
    return Plane(lengths[0], lengths[1], product / max(math.prod(lengths), 1e-300))


def _dot(one: Tensor, other: Tensor) -> float:
    return float((one.double() * other.double()).sum())
