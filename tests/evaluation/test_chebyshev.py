from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.interpolate import BarycentricInterpolator

from codemix_lab.errors import SpecError
from codemix_lab.evaluation.chebyshev import Interpolant, coarse_to_fine, nodes

inside = st.floats(0, 1.5)


def test_nodes_by_hand() -> None:
    half = np.sqrt(0.5)
    np.testing.assert_allclose(nodes(5, -1, 1), [-1, -half, 0, half, 1], atol=1e-15)
    assert nodes(3).tolist() == [0.0, 0.75, 1.5]


@pytest.mark.parametrize(("coarse", "fine"), [(3, 5), (5, 9), (9, 17)])
def test_levels_are_nested_exactly(coarse: int, fine: int) -> None:
    assert set(nodes(coarse).tolist()) <= set(nodes(fine).tolist())


def test_coarse_to_fine_has_every_level_as_a_prefix_inner_nodes_first() -> None:
    order = coarse_to_fine(17)
    for level in (3, 5, 9, 17):
        assert sorted(order[:level]) == nodes(level).tolist()
    assert abs(order[5] - 0.75) < abs(order[7] - 0.75)
    assert coarse_to_fine(12) == order[:9]


@given(st.integers(2, 12), st.data())
def test_polynomials_of_lower_degree_are_reproduced(count: int, data: st.DataObject) -> None:
    coefficients = data.draw(st.lists(st.floats(-1, 1), min_size=1, max_size=count))
    x = data.draw(inside)
    grid = nodes(count)
    assert Interpolant(grid, np.polyval(coefficients, grid)).at(x) == pytest.approx(
        np.polyval(coefficients, x), abs=1e-9
    )


@given(inside)
def test_arrays_agree_with_scipy_on_uneven_nodes(x: float) -> None:
    grid = np.array(sorted(coarse_to_fine(9)[:7]))
    values = np.sin(np.arange(12).reshape(3, 4) * grid[:, None, None])
    assume(np.abs(grid - x).min() > 1e-6)
    ours = Interpolant(grid, values).at(x)
    assert ours.shape == (3, 4)
    np.testing.assert_allclose(ours, BarycentricInterpolator(grid, values)(x), atol=1e-9)


def test_a_node_gives_its_own_value_and_the_dtype_stays() -> None:
    grid = nodes(9)
    values = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    interpolant = Interpolant(grid, values)
    for i, x in enumerate(grid):
        assert np.array_equal(interpolant.at(x), values[i])
    assert np.array_equal(interpolant.at(grid[3] + 1e-12), values[3])
    assert interpolant.at(0.4).dtype == np.float32


def test_one_node_is_a_curve_of_one_point() -> None:
    assert Interpolant([0.5], np.array([7.0])).at(0.5) == 7.0


def test_nothing_is_extrapolated_and_impossible_grids_are_refused() -> None:
    with pytest.raises(SpecError, match="between 0 and 1.5"):
        Interpolant(nodes(3), np.zeros(3)).at(1.6)
    with pytest.raises(SpecError, match="at least two"):
        nodes(1)
    with pytest.raises(SpecError, match="real range"):
        nodes(3, 1.0, 1.0)
    with pytest.raises(SpecError, match="at least 3"):
        coarse_to_fine(2)
