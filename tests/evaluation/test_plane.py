"""The plane of three checkpoints: coordinates by hand, and against Gram–Schmidt on the vectors themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.errors import DataError
from codemix_lab.evaluation.plane import Plane, plane_through


def test_lengths_angle_and_corners_by_hand() -> None:
    one = {"w": torch.tensor([[3.0, 0.0]]), "b": torch.tensor([0.0])}
    other = {"w": torch.tensor([[3.0, 0.0]]), "b": torch.tensor([4.0])}
    plane = plane_through(one, other)
    assert (plane.first, plane.second) == (3.0, 5.0)
    assert plane.cosine == pytest.approx(0.6)
    assert plane.angle == pytest.approx(53.1301, abs=1e-4)
    assert np.allclose(plane.corners, [(0, 0), (3, 0), (3, 4)])


def test_a_point_is_the_merge_it_says() -> None:
    plane = Plane(3.0, 5.0, 0.6)
    assert plane.weights(0.0, 0.0) == (0.0, 0.0)
    assert plane.weights(3.0, 0.0) == (1.0, 0.0)
    assert plane.weights(4.5, 2.0) == pytest.approx((1.0, 0.5))


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=4, max_size=12), *[st.floats(-2, 2)] * 2
)
def test_distances_on_the_plane_are_those_of_the_weights(
    pairs: list[tuple[float, float]], a: float, b: float
) -> None:
    one, other = torch.tensor(pairs, dtype=torch.float64).T
    try:
        plane = plane_through({"w": one}, {"w": other})
    except DataError:
        return
    first = one / one.norm()
    beside = other - (other @ first) * first
    second = beside / beside.norm()
    merged = a * one + b * other
    x, y = plane.point(a, b)
    scale = max(1.0, float(merged.norm()))
    assert x == pytest.approx(float(merged @ first), abs=1e-4 * scale)
    assert y == pytest.approx(float(merged @ second), abs=1e-2 * scale)
    assert math.hypot(x, y) == pytest.approx(float(merged.norm()), abs=1e-2 * scale)
    assert plane.weights(x, y) == pytest.approx((a, b), abs=1e-6 * max(1.0, plane.second / plane.first))


@pytest.mark.parametrize("other", [[0.0, 0.0], [2.0, 2.0], [-1.0, -1.0]])
def test_vectors_that_span_no_plane_are_refused(other: list[float]) -> None:
    with pytest.raises(DataError, match="choose"):
        plane_through({"w": torch.ones(2)}, {"w": torch.tensor(other)})
