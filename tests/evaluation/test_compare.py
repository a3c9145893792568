from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from codemix_lab.errors import DataError, SpecError
from codemix_lab.evaluation.compare import PILES, compare, mcnemar
from codemix_lab.evaluation.predict import prediction_frame

LABELS = ("neg", "neu", "pos")


def predictions(gold: list[str], predicted: list[str]) -> pd.DataFrame:
    rows = pd.DataFrame({"text": [f"t{i}" for i in range(len(gold))], "label": gold})
    sure = np.array([[0.8 if label == p else 0.1 for label in LABELS] for p in predicted]).reshape(-1, 3)
    return prediction_frame(rows, sure, LABELS)


def test_the_four_piles_by_hand() -> None:
    gold = ["pos", "pos", "neg", "neu", "neu"]
    a = predictions(gold, ["neg", "pos", "pos", "neu", "neu"])
    b = predictions(gold, ["pos", "neg", "neu", "neu", "neu"])
    found = compare(a, b, LABELS)
    assert found.frame["pile"].tolist() == ["fixed", "broken", "both wrong", *["both right, alike"] * 2]
    assert found.counts == dict(zip(PILES, (1, 1, 1, 0, 2), strict=True))
    assert found.frame["disagree"].tolist() == [True, True, True, False, False]
    assert found.frame["gold_gain"].tolist() == pytest.approx([0.7, -0.7, 0, 0, 0])
    assert found.confusion_a.tolist() == [[0, 0, 1], [0, 2, 0], [1, 0, 1]]
    assert found.confusion_b.tolist() == [[0, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert found.net_gain == 0 and found.p_value == 1.0


def test_both_right_with_unlike_confidence_is_a_pile_of_its_own() -> None:
    a = predictions(["pos"] * 4 + ["neg"], ["pos"] * 5)
    b = a.assign(p_pos=[0.8, 0.65, 0.95, 0.75, 0.2])
    found = compare(a, b, LABELS)
    assert found.frame["pile"].tolist() == [PILES[4], PILES[3], PILES[3], PILES[4], "both wrong"]
    assert found.counts["both right, unlike"] == 2 and found.surer_on == (1, 1) and found.surer == 0.1
    assert compare(a, b, LABELS, surer=0.15 + 1e-9).counts["both right, unlike"] == 0
    strict = compare(a, b, LABELS, surer=0.0)
    assert strict.counts["both right, unlike"] == 3 and strict.surer_on == (2, 1)
    assert strict.net_gain == found.net_gain and strict.digest == found.digest
    with pytest.raises(SpecError, match=r"surer = 1.5 is out of range"):
        compare(a, b, LABELS, surer=1.5)


@given(st.lists(st.tuples(*[st.sampled_from(LABELS)] * 3), min_size=1, max_size=30))
def test_piles_and_confusions_count_every_sentence(items: list[tuple[str, str, str]]) -> None:
    gold, left, right = map(list, zip(*items, strict=True))
    found = compare(predictions(gold, left), predictions(gold, right), LABELS)
    assert sum(found.counts.values()) == found.confusion_a.sum() == found.confusion_b.sum() == len(items)
    gain = np.trace(found.confusion_b) - np.trace(found.confusion_a)
    assert found.net_gain == gain == found.counts["fixed"] - found.counts["broken"]
    assert set(found.frame["pile"]) <= set(PILES)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_two_sided_binomial(fixed: int, broken: int) -> None:
    n = fixed + broken
    assert mcnemar(fixed, broken) == pytest.approx(min(1.0, 2 * stats.binom.cdf(min(fixed, broken), n, 0.5)))


def test_what_cannot_be_compared_is_said() -> None:
    a = predictions(["pos", "neg"], ["pos", "pos"])
    with pytest.raises(DataError, match="different sentences"):
        compare(a, a.iloc[:1], LABELS)
    with pytest.raises(DataError, match="different sentences"):
        compare(a, a.assign(gold=["neg", "neg"]), LABELS)
    with pytest.raises(DataError, match="second table of predictions lacks the column “p_neu”"):
        compare(a, a.drop(columns="p_neu"), LABELS)
    with pytest.raises(DataError, match="not among the labels"):
        compare(a.assign(predicted="other"), a, LABELS)
