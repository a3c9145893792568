from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import f1_score

from codemix_lab.errors import DataError, StorageError
from codemix_lab.evaluation.metrics import Scores, score, seed_interval

LABELS = ("negative", "neutral", "positive", "unused")
pairs = st.lists(st.tuples(st.sampled_from(LABELS[:3]), st.sampled_from(LABELS)), min_size=1, max_size=40)


@given(pairs)
def test_macro_f1_and_confusion_are_scikit_learn_s(items: list[tuple[str, str]]) -> None:
    gold, predicted = map(list, zip(*items, strict=True))
    scores = score(gold, predicted, LABELS)
    f1 = f1_score(gold, predicted, labels=LABELS, average="macro", zero_division=0)
    each = f1_score(gold, predicted, labels=LABELS, average=None, zero_division=0)
    assert scores.macro_f1 == pytest.approx(f1)
    assert list(scores.per_class.values()) == pytest.approx(each.tolist())
    assert np.array_equal(scores.confusion, sklearn_confusion(gold, predicted, labels=LABELS))
    assert 0 <= scores.interval[0] <= scores.interval[1] <= 1


def test_four_numbers_by_hand() -> None:
    scores = score(["a", "a", "b", "b"], ["a", "b", "b", "b"], ["a", "b"])
    assert scores.per_class == pytest.approx({"a": 2 / 3, "b": 4 / 5})
    assert scores.macro_f1 == pytest.approx(11 / 15)
    assert scores.confusion == ((1, 1), (0, 2)) and scores.n == 4


def test_the_interval_is_that_of_a_bootstrap_over_items() -> None:
    rng = np.random.default_rng(1)
    gold = rng.choice(LABELS[:3], 400, p=(0.5, 0.3, 0.2))
    predicted = np.where(rng.random(400) < 0.6, gold, rng.choice(LABELS[:3], 400))
    drawn = [
        f1_score(gold[rows], predicted[rows], labels=LABELS[:3], average="macro", zero_division=0)
        for rows in rng.integers(0, 400, (600, 400))
    ]
    low, high = score(gold.tolist(), predicted.tolist(), LABELS[:3]).interval
    assert (low, high) == pytest.approx(np.quantile(drawn, (0.025, 0.975)).tolist(), abs=0.008)


def test_the_interval_follows_the_seed_and_a_perfect_score_has_none() -> None:
    gold, predicted = ["a", "b"] * 30, ["a", "b", "b"] * 20
    assert score(gold, predicted, "ab", seed=3) == score(gold, predicted, "ab", seed=3)
    assert score(gold, predicted, "ab", seed=3) != score(gold, predicted, "ab", seed=4)
    assert score(gold, gold, "ab").interval == (1.0, 1.0)


def test_a_thousand_resamples_of_three_thousand_items_are_quick() -> None:
    gold = ["a", "b", "c"] * 1000
    predicted = ["a", "c", "b", "a", "b"] * 600
    score(gold, predicted, "abc")
    started = time.perf_counter()
    score(gold, predicted, "abc")
    assert time.perf_counter() - started < 0.5


def test_scores_survive_json() -> None:
    scores = score(["a", "b", "b"], ["a", "a", "b"], ["a", "b"])
    assert Scores.from_dict(json.loads(json.dumps(scores.to_dict()))) == scores
    for damaged in ({}, {**scores.to_dict(), "interval": 3}, {**scores.to_dict(), "confusion": [["x"]]}):
        with pytest.raises(StorageError, match="damaged"):
            Scores.from_dict(damaged)


def test_what_cannot_be_scored_is_said() -> None:
    with pytest.raises(DataError, match="nothing to score"):
        score([], [], ["a"])
    with pytest.raises(DataError, match="2 gold labels came with 1"):
        score(["a", "a"], ["a"], ["a"])
    with pytest.raises(DataError, match="'c' is not among the labels scored \\(a, b\\)"):
        score(["a"], ["c"], ["a", "b"])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_the_seed_interval_is_scipy_s(values: list[float]) -> None:
    mean, low, high = seed_interval(values)
    assert low <= mean <= high
    if stats.sem(values) > 1e-12:
        wanted = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
        assert (low, high) == pytest.approx(wanted)


def test_the_seed_interval_by_hand_and_of_one_seed() -> None:
    assert seed_interval([0.6, 0.62, 0.64]) == pytest.approx(
        (0.62, 0.62 - 0.0496828, 0.62 + 0.0496828), abs=1e-6
    )
    assert seed_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)
    mean, low, high = seed_interval([0.6])
    assert mean == 0.6 and math.isnan(low) and math.isnan(high)
    with pytest.raises(DataError, match="no seeds"):
        seed_interval([])
