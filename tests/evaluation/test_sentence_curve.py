"""One sentence over λ: exact at the nodes, the grid's polynomial between them, and the same for any sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import Cancelled, StorageError
from codemix_lab.evaluation.curve import LambdaCurve
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.evaluation.score_grid import GridColumn
from codemix_lab.evaluation.sentence_curve import SentenceCurve, follow_sentence
from codemix_lab.experiments import grids, sentence_curves
from codemix_lab.text.tasks import open_task

PROBE = ProbeSpec(train_size=40, score_size=30)


@pytest.fixture(scope="module")
def spec(tiny_encoder: Path, tiny_adapted: Path) -> MergeSpec:
    return MergeSpec(str(tiny_encoder), (str(tiny_adapted),))


@pytest.fixture(scope="module")
def scorer(spec: MergeSpec) -> MergeScorer:
    return MergeScorer.open(spec.base, spec.adapted, open_task("en-hi"), PROBE)


@pytest.fixture(scope="module")
def curve(scorer: MergeScorer, spec: MergeSpec) -> LambdaCurve:
    return scorer.curve(spec)


def test_followed_it_is_what_the_grid_says_of_its_sentences(
    scorer: MergeScorer, spec: MergeSpec, curve: LambdaCurve
) -> None:
    column = GridColumn.of(curve, 1.0)
    for place in (0, 7):
        held = SentenceCurve.of(column, place, scorer.labels)
        text = scorer.score_rows["text"].iloc[place]
        np.testing.assert_allclose(follow_sentence(scorer, spec, curve, text).exact, held.exact, atol=1e-4)
        scalings, between = held.between(7)
        for scaling, row in zip(scalings, between, strict=True):
            np.testing.assert_allclose(row, column.probabilities(scaling)[place], atol=1e-6)
    with pytest.raises(Cancelled):
        follow_sentence(scorer, spec, curve, "yaar", should_stop=lambda: True)


def test_it_comes_from_the_grid_where_the_sentence_stands_in_it(
    scorer: MergeScorer, spec: MergeSpec, curve: LambdaCurve, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = TaskSpec("en-hi")
    text = scorer.score_rows["text"].iloc[3]
    assert sentence_curves.kept_sentence_curve(spec, task, PROBE, text) is None
    monkeypatch.setattr("codemix_lab.experiments.curves.cached_curve", lambda *_, **__: curve)
    other = sentence_curves.sentence_curve(spec, task, PROBE, "yaar yeh kya hai")
    assert other.exact.shape == (len(curve.nodes), len(scorer.labels))
    grids.keep(grids.new_grid(scorer).with_column(GridColumn.of(curve, 1.0)), spec, task, PROBE)
    found = sentence_curves.kept_sentence_curve(spec, task, PROBE, text)
    assert found is not None and found.labels == scorer.labels
    assert sentence_curves.kept_sentence_curve(spec, task, PROBE, "not in there") is None
    monkeypatch.setattr(MergeScorer, "open", None)
    again = sentence_curves.sentence_curve(spec, task, PROBE, text)
    np.testing.assert_array_equal(again.exact, found.exact)


def test_it_goes_through_json_and_damage_is_told() -> None:
    curve = SentenceCurve(("a", "b"), np.array([0.0, 1.5]), np.log([[0.25, 0.75], [0.5, 0.5]]))
    again = SentenceCurve.from_dict(curve.to_dict())
    np.testing.assert_array_equal(again.exact, curve.exact)
    for damage in ({}, {**curve.to_dict(), "labels": ["a"]}, {**curve.to_dict(), "scalings": []}):
        with pytest.raises(StorageError, match="compute it again"):
            SentenceCurve.from_dict(damage)
