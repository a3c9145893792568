"""Paired differences agree with scikit-learn, with hand-computed numbers and with statsmodels-free formulae."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from codemix_lab.errors import DataError
from codemix_lab.evaluation.paired import holm, net_gain_interval, paired_f1

LABELS = ("neg", "neu", "pos")
TRIPLES = st.lists(st.tuples(*[st.sampled_from(LABELS)] * 3), min_size=1, max_size=40)


@given(TRIPLES)
def test_both_scores_are_those_of_scikit_learn_over_the_gold_labels(items: list[tuple[str, ...]]) -> None:
    gold, a, b = map(list, zip(*items, strict=True))
    found = paired_f1(gold, a, b, LABELS, resamples=50)
    present = sorted(set(gold))
    for ours, predicted in ((found.a, a), (found.b, b)):
        theirs = f1_score(gold, predicted, labels=present, average="macro", zero_division=0)
        assert ours == pytest.approx(theirs)
    assert found.difference == pytest.approx(found.b - found.a)
    assert 1 / 50 <= found.p_value <= 1


def test_a_clear_gain_is_found_and_none_is_not() -> None:
    gold = list(LABELS) * 100
    wrong = ["neg"] * 300
    better = paired_f1(gold, wrong, gold, LABELS)
    assert better.low > 0 and better.p_value == pytest.approx(0.001) and better.b == 1.0
    same = paired_f1(gold, wrong, wrong, LABELS)
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)


def test_pairing_is_narrower_than_two_unpaired_intervals() -> None:
    gold = ["neg", "pos"] * 200
    a = ["neg"] * 300 + ["neg", "pos"] * 50
    b = [*a[:290], *gold[290:]]
    found = paired_f1(gold, a, b, ("neg", "pos"))
    assert 0 < found.low < found.difference < found.high < 0.1


def test_swapping_the_models_turns_the_sign() -> None:
    gold, a, b = ["neg", "pos"] * 30, ["neg"] * 60, ["pos", "pos"] * 20 + ["neg", "pos"] * 10
    one, other = paired_f1(gold, a, b, ("neg", "pos")), paired_f1(gold, b, a, ("neg", "pos"))
    assert one.difference == pytest.approx(-other.difference)


def test_the_net_gain_interval_is_the_adjusted_wald_one() -> None:
    low, high = net_gain_interval(0, 0, 100)
    assert low == pytest.approx(-high) and high == pytest.approx(100 * 1.959964 * (2 / 102 / 102) ** 0.5)
    assert net_gain_interval(100, 0, 100)[1] <= 100
    with pytest.raises(DataError, match="do not fit"):
        net_gain_interval(3, 3, 5)


def test_bad_input_is_said() -> None:
    with pytest.raises(DataError, match="differ in number"):
        paired_f1(["neg"], ["neg"], [], LABELS)
    with pytest.raises(DataError, match="no sentence in common"):
        paired_f1([], [], [], LABELS)
    with pytest.raises(DataError, match="not among the labels"):
        paired_f1(["neg"], ["odd"], ["neg"], LABELS)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[i] for i in order] == sorted(corrected)
