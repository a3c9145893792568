"""One matrix of a task vector, looked at closely."""

from __future__ import annotations

import pytest
import torch

from codemix_lab.errors import DataError
from codemix_lab.evaluation.matrix_view import EDGE, MatrixView, look_at, query_name


def test_share_and_energy_by_hand() -> None:
    view = look_at("w", torch.tensor([[4.0, -1.0], [2.0, 0.5]]))
    half = view.at(0.5)
    assert (half.threshold, half.share) == (2.0, 0.5)
    assert half.energy == pytest.approx(20 / 21.25)
    assert view.at(1.0).energy == 1.0
    assert view.block == ((4.0, -1.0), (2.0, 0.5))


def test_a_large_matrix_shows_its_corner_and_counts_all_of_it() -> None:
    view = look_at("w", torch.arange(1.0, 901.0).reshape(30, 30))
    assert len(view.block) == EDGE and len(view.block[0]) == EDGE
    assert view.block[1][0] == 31.0
    assert view.at(0.1).threshold == 811.0
    assert view.at(0.1).share == pytest.approx(0.1)
    again = MatrixView.from_json(view.to_json())
    assert again.shape == (30, 30) and again.at(0.1).energy == pytest.approx(view.at(0.1).energy, abs=1e-5)


def test_queries_come_before_matrices_that_moved_further() -> None:
    moved = {
        "a.key.weight": torch.full((2, 2), 9.0),
        "a.query.weight": torch.full((2, 2), 1.0),
        "b.query.weight": torch.full((2, 2), 2.0),
        "b.query.bias": torch.full((2,), 50.0),
    }
    assert query_name(moved) == "b.query.weight"
    assert query_name({"key.weight": torch.ones(2, 2), "bias": torch.ones(2)}) == "key.weight"
    with pytest.raises(DataError, match="no matrix"):
        query_name({"a.query.weight": torch.zeros(2, 2)})
