"""Grids of log-probabilities: interpolation, held-out nodes, the file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from codemix_lab.errors import DataError, StorageError
from codemix_lab.evaluation import chebyshev
from codemix_lab.evaluation.curve import LambdaCurve, Node
from codemix_lab.evaluation.score_grid import REMEMBERED, ExactScore, GridColumn, ScoreGrid, log_probabilities


def column(nodes: int = 3, density: float = 1.0, high: float = 1.5) -> GridColumn:
    """Two sentences, two labels: log-odds of the first are λ, of the second 1 − λ²."""
    scalings = chebyshev.nodes(nodes, 0.0, high)
    odds = np.stack([scalings, 1 - scalings**2], axis=1)
    positive = 1 / (1 + np.exp(-odds))
    logs = log_probabilities(np.stack([1 - positive, positive], axis=2))
    return GridColumn(density, scalings, logs, np.stack([100 - 20 * scalings, 50 + scalings], axis=1))


def grid(*columns: GridColumn) -> ScoreGrid:
    return ScoreGrid("print", ("neg", "pos"), ("achha", "<b>bura</b>"), (1, 0), columns)


def test_probabilities_follow_the_log_odds_between_the_nodes() -> None:
    found = column().probabilities(0.4)
    assert found[:, 1] == pytest.approx([1 / (1 + math.exp(-0.4)), 1 / (1 + math.exp(-0.84))], abs=0.02)
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_a_node_is_exact_and_nothing_is_extrapolated() -> None:
    one = column()
    assert one.is_node(0.75) and not one.is_node(0.7)
    assert one.probabilities(0.75) == pytest.approx(np.exp(one.log_probabilities[1]), rel=1e-6)
    with pytest.raises(Exception, match="outside"):
        one.probabilities(1.6)


def test_perplexity_is_interpolated_in_its_logarithm_and_unknown_where_a_node_is() -> None:
    one = column()
    assert one.perplexity(0.75) == (pytest.approx(85.0), pytest.approx(50.75))
    hidden = GridColumn(1.0, one.scalings, one.log_probabilities, np.full((3, 2), np.nan))
    assert hidden.perplexity(0.3) == (None, None)


def test_held_out_nodes_are_those_the_coarser_level_has_not_seen() -> None:
    nine = column(9)
    coarse, unseen = nine.held_out() or (None, [])
    assert coarse is not None and coarse.scalings == pytest.approx(chebyshev.nodes(5))
    assert unseen == [1, 3, 5, 7]
    assert column(3).held_out() is None


def test_a_column_of_a_curve_has_the_probabilities_of_its_nodes() -> None:
    rng = np.random.default_rng(0)
    train, scored = rng.normal(size=(12, 4)), rng.normal(size=(6, 4))
    nodes = tuple(
        Node(
            x, (train + x * train**2).astype(np.float32), (scored + x * scored**2).astype(np.float32), 10 + x
        )
        for x in (0.0, 0.75, 1.5)
    )
    curve = LambdaCurve(nodes, ("a", "b") * 6, ("a", "b") * 3, ("a", "b"))
    made = GridColumn.of(curve, 0.4, complete=False)
    assert (made.density, made.complete) == (0.4, False)
    assert made.probabilities(0.75) == pytest.approx(curve.at(0.75).probabilities, abs=1e-6)
    assert made.perplexity(0.75) == (pytest.approx(10.75), None)


def test_columns_stand_by_density_and_a_newer_one_replaces_the_older() -> None:
    one = grid().with_column(column(3, 0.7)).with_column(column(3, 0.1)).with_column(column(5, 0.7))
    assert [(c.density, len(c.scalings)) for c in one.columns] == [(0.1, 3), (0.7, 5)]
    assert one.column(0.3) is None


def test_only_the_newest_exact_scores_are_remembered() -> None:
    one = grid()
    for place in range(REMEMBERED + 3):
        one = one.with_exact(ExactScore(place / 100, 1.0, np.zeros((2, 2))))
    assert len(one.exact) == REMEMBERED
    assert one.exact_at(0.0, 1.0) is None and one.exact_at(0.34, 1.0) is not None


def test_a_grid_comes_back_from_its_file(tmp_path: Path) -> None:
    one = grid(column(5, 0.4), column(3, 1.0)).with_layers(0.4, [("layer 1", 0.2, 0.1)])
    one = one.with_exact(ExactScore(0.6, 0.4, np.array([[-1.0, -0.5], [-2.0, -0.1]])))
    one.to_npz(tmp_path / "grid.npz")
    back = ScoreGrid.from_npz(tmp_path / "grid.npz")
    assert (back.texts, back.gold, back.labels, back.fingerprint) == (
        one.texts,
        one.gold,
        one.labels,
        "print",
    )
    assert back.columns[0].probabilities(0.3) == pytest.approx(one.columns[0].probabilities(0.3))
    assert list(back.layers[0.4]) == [("layer 1", 0.2, 0.1)]
    assert back.exact[0].log_probabilities.tolist() == [[-1.0, -0.5], [-2.0, -0.1]]


def test_an_empty_grid_has_a_file_too(tmp_path: Path) -> None:
    grid().to_npz(tmp_path / "grid.npz")
    assert ScoreGrid.from_npz(tmp_path / "grid.npz").columns == ()


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "grid.npz").write_bytes(content)
    with pytest.raises(StorageError, match=r"grid\.npz"):
        ScoreGrid.from_npz(tmp_path / "grid.npz")


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    one = column()
    with pytest.raises(DataError, match="ascending"):
        GridColumn(1.0, one.scalings[::-1], one.log_probabilities, one.perplexities)
    with pytest.raises(DataError, match="every λ"):
        GridColumn(1.0, one.scalings[:2], one.log_probabilities, one.perplexities)
