"""Grids by key: what they are found by, the shipped one, and how far interpolation is off on real text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.evaluation.curve import LambdaCurve
from codemix_lab.evaluation.curve_points import Node
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.evaluation.metrics import score
from codemix_lab.evaluation.score_grid import GridColumn, ScoreGrid
from codemix_lab.experiments import grids
from codemix_lab.text.tasks import open_task

SPEC = MergeSpec("starter", ("starter:en-hi",))
TASK, PROBE = TaskSpec("en-hi"), ProbeSpec()


def test_the_key_leaves_out_the_dials_and_nothing_else() -> None:
    key = grids.grid_key(SPEC, TASK, PROBE)
    ties = SPEC.replace(method="ties", density=0.3)
    assert key == grids.grid_key(SPEC.replace(scaling=1.2), TASK, PROBE)
    assert grids.grid_key(ties, TASK, PROBE) == grids.grid_key(ties.replace(density=0.7), TASK, PROBE)
    others = [
        grids.grid_key(ties, TASK, PROBE),
        grids.grid_key(SPEC.replace(adapted=("starter:en-es",)), TASK, PROBE),
        grids.grid_key(SPEC, TaskSpec("en-es"), PROBE),
        grids.grid_key(SPEC, TASK, ProbeSpec(train_size=100)),
    ]
    assert len({key, *others}) == 5


def test_a_file_that_changes_has_another_key(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("text,label\na,b\n")
    before = grids.grid_key(SPEC, TaskSpec(str(table)), PROBE)
    table.write_text("text,label\na,b\nc,d\n")
    assert grids.grid_key(SPEC, TaskSpec(str(table)), PROBE) != before


def test_a_damaged_grid_counts_as_none(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "SHIPPED", workspace / "nothing")
    path = workspace / "grids" / f"{grids.grid_key(SPEC, TASK, PROBE)}.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no archive")
    assert grids.kept_grid(SPEC, TASK, PROBE) is None


def test_a_kept_grid_comes_before_the_shipped_one(workspace: Path) -> None:
    grids.keep(ScoreGrid("own", ("a", "b"), ("x",), (0,)), SPEC, TASK, PROBE)
    found = grids.kept_grid(SPEC, TASK, PROBE)
    assert found is not None and found.fingerprint == "own"


def test_shipped_grids_hold_a_whole_picture() -> None:
    for path in grids.SHIPPED.glob("*.npz"):
        grid = ScoreGrid.from_npz(path)
        assert grid.columns and all(column.complete for column in grid.columns)
        assert grid.exact_at(0.6, 1.0) is not None and grid.exact_at(1.0, 1.0) is not None
        assert grid.layers and len(grid.texts) == len(grid.gold)
        assert path.stat().st_size < 500_000


def test_densities_begin_at_the_dial_and_none_comes_twice() -> None:
    for density in (0.01, 0.4, 0.63, 1.0):
        order = grids.columns_from(density)
        assert order[0] == density and len(order) == len(set(order))
        assert set(order) == {density, *grids.COARSE, *grids.FINE}


@pytest.mark.real
@pytest.mark.timeout(1200)
def test_on_real_text_f1_is_within_a_point_of_exact_at_twenty_lambdas(
    real_data: Path, starter: tuple[str, ...]
) -> None:
    """300 SentiMix En-Hi dev sentences, probe on 250; features alone, perplexity is not asked for."""
    task = open_task(str(real_data / "tasks" / "en-hi.sentiment.sentimix2020.tsv.gz"))
    scorer = MergeScorer.open(SPEC.base, SPEC.adapted, task, ProbeSpec(max_length=64))
    no_perplexity(scorer)
    curve = scorer.curve(SPEC)
    column = GridColumn.of(curve, 1.0)
    gold = list(scorer.score_rows["label"])

    def f1(probabilities: np.ndarray) -> float:
        predicted = [scorer.labels[place] for place in probabilities.argmax(axis=1)]
        return score(gold, predicted, scorer.labels).macro_f1

    for scaling in np.random.default_rng(0).uniform(0, 1.5, 20).tolist():
        exact = exact_point(curve, scorer.evaluate(SPEC.replace(scaling=scaling)))
        assert abs(f1(column.probabilities(scaling)) - f1(exact)) <= 0.01, scaling


def no_perplexity(scorer: MergeScorer) -> None:
    """Leave out what takes twice as long as all the rest and is interpolated apart from it."""
    scorer._perplexity = lambda *_: None  # type: ignore[method-assign]


def exact_point(curve: LambdaCurve, node: Node) -> np.ndarray:
    return curve.point(node).probabilities
