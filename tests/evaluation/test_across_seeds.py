"""Differences over seeds: scipy as the oracle, hand-computed flips, and the power of a design."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from codemix_lab.errors import DataError
from codemix_lab.evaluation.across_seeds import (
    mean_difference_interval,
    paired_seeds,
    power,
    seeds_needed,
    sign_flip,
)
from codemix_lab.evaluation.paired import paired_f1

A, B = [0.50, 0.52, 0.54, 0.50, 0.51], [0.53, 0.51, 0.58, 0.52, 0.55]


def test_the_paired_t_test_is_scipys() -> None:
    found, oracle = paired_seeds(A, B), stats.ttest_rel(B, A)
    assert found.p_t == pytest.approx(oracle.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval()))
    assert found.difference == pytest.approx(0.024) and found.n == 5


def test_the_sign_flip_is_scipys_permutation_test() -> None:
    difference = np.subtract(B, A)
    oracle = stats.permutation_test(
        (difference,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=False
    )
    assert sign_flip(difference.tolist()) == pytest.approx(oracle.pvalue)


def test_many_seeds_are_drawn_and_agree_with_the_t_test() -> None:
    difference = np.random.default_rng(0).normal(0.5, 1, size=30)
    assert sign_flip(difference.tolist()) == pytest.approx(stats.ttest_1samp(difference, 0).pvalue, abs=0.01)


def test_one_seed_says_nothing_and_equal_ones_have_no_spread() -> None:
    one = paired_seeds([0.5], [0.6])
    assert math.isnan(one.p_t) and math.isnan(one.sd) and one.p_flip == 1
    assert paired_seeds([0.5, 0.6], [0.5, 0.6]).p_t == 1
    assert paired_seeds([0.5, 0.6], [0.6, 0.7]).p_t == 0
    with pytest.raises(DataError, match="cannot be paired"):
        paired_seeds([0.5], [0.5, 0.6])


def test_power_is_what_simulated_tests_find() -> None:
    draws = np.random.default_rng(0).normal(0.02, 0.025, size=(4000, 8))
    assert power(0.02, 0.025, 8) == pytest.approx(
        (stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean(), abs=0.02
    )
    assert power(0.0, 0.02, 10) == pytest.approx(0.05)
    assert power(0.02, 0.02, 1) == 0 and power(0.02, 0.0, 2) == 1


@given(st.floats(0.005, 0.1), st.floats(0.005, 0.1))
def test_seeds_needed_are_the_fewest(effect: float, sd: float) -> None:
    n = seeds_needed(effect, sd)
    assert n is not None and power(effect, sd, n) >= 0.8 and (n == 2 or power(effect, sd, n - 1) < 0.8)


def test_no_number_of_seeds_finds_nothing() -> None:
    assert seeds_needed(0.0, 0.02) is None and seeds_needed(1e-6, 1.0) is None
    assert seeds_needed(0.02, math.nan) is None


def test_one_seed_over_sentences_is_the_paired_bootstrap() -> None:
    rng = np.random.default_rng(1)
    gold, a, b = (rng.choice(["x", "y"], size=200).tolist() for _ in range(3))
    found, oracle = mean_difference_interval(gold, [a], [b], ["x", "y"]), paired_f1(gold, a, b, ["x", "y"])
    assert found[0] == pytest.approx(oracle.difference, abs=1e-6)
    assert found[1:] == pytest.approx((oracle.low, oracle.high), abs=0.02)


def test_seeds_are_averaged_under_one_draw() -> None:
    gold = ["x", "y"] * 50
    wrong = ["y", "x"] * 50
    difference, low, high = mean_difference_interval(gold, [wrong, gold], [gold, wrong], ["x", "y"])
    assert (difference, low, high) == pytest.approx((0, 0, 0), abs=1e-6)
    with pytest.raises(DataError, match="differ in number"):
        mean_difference_interval(gold, [gold[:3]], [gold], ["x", "y"])
    with pytest.raises(DataError, match="one at least"):
        mean_difference_interval(gold, [], [], ["x", "y"])
