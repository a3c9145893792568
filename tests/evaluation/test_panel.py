"""Two to four models side by side: every pair is the comparison of the two alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from codemix_lab.errors import DataError, SpecError
from codemix_lab.evaluation.compare import compare
from codemix_lab.evaluation.metrics import score
from codemix_lab.evaluation.panel import Panel
from codemix_lab.evaluation.predict import prediction_frame

LABELS = ("neg", "neu", "pos")


def answers(seed: int, sentences: int = 40) -> pd.DataFrame:
    rows = pd.DataFrame(
        {"text": [f"t{i}" for i in range(sentences)], "label": [LABELS[i % 3] for i in range(sentences)]}
    )
    return prediction_frame(rows, np.random.default_rng(seed).dirichlet([1, 1, 1], sentences), LABELS)


@pytest.fixture
def panel() -> Panel:
    return Panel.of(["m0", "m1", "m2"], [answers(seed) for seed in range(3)], LABELS)


def test_every_pair_is_the_comparison_of_the_two(panel: Panel) -> None:
    assert panel.pairs == [("A", "B"), ("A", "C"), ("B", "C")]
    found, alone = panel.pair("A", "C"), compare(answers(0), answers(2), LABELS)
    pd.testing.assert_frame_equal(found.frame, alone.frame)
    assert (found.counts, found.names) == (alone.counts, ("A", "C"))
    turned = panel.pair("C", "A")
    assert turned.counts["fixed"] == found.counts["broken"] and turned.net_gain == -found.net_gain
    pd.testing.assert_frame_equal(panel.answers("B"), answers(1))


def test_scores_are_those_of_each_model(panel: Panel) -> None:
    for row, seed in zip(panel.scores.to_dict("records"), range(3), strict=True):
        alone = score(answers(seed)["gold"].tolist(), answers(seed)["predicted"].tolist(), LABELS)
        assert (row["macro_f1"], row["low"], row["high"]) == (alone.macro_f1, *alone.interval)
        assert row["f1_neu"] == alone.per_class["neu"]
        assert panel.confusion("ABC"[seed]).tolist() == [list(r) for r in alone.confusion]


def test_the_digest_is_of_the_answers(panel: Panel) -> None:
    again = Panel.of(["else", "where", "now"], [answers(seed) for seed in range(3)], LABELS)
    other = Panel.of(panel.models, [answers(seed) for seed in (0, 1, 3)], LABELS)
    assert panel.digest == again.digest != other.digest


def test_what_cannot_stand_side_by_side_is_said(panel: Panel) -> None:
    one = answers(0)
    with pytest.raises(SpecError, match="two to 4"):
        Panel.of(["m"], [one], LABELS)
    with pytest.raises(SpecError, match="5 models"):
        Panel.of(["m"] * 5, [one] * 5, LABELS)
    with pytest.raises(DataError, match="different sentences"):
        Panel.of(["m", "n", "o"], [one, one, answers(1, 39)], LABELS)
    with pytest.raises(DataError, match="third table of predictions lacks the column “p_neu”"):
        Panel.of(["m", "n", "o"], [one, one, one.drop(columns="p_neu")], LABELS)
    with pytest.raises(DataError, match="no model D here; there are A, B, C"):
        panel.pair("A", "D")


def test_by_class_counts_what_each_gold_label_gains() -> None:
    gold = ["neg", "neg", "pos", "pos", "neu"]
    rows = pd.DataFrame({"text": list("abcde"), "label": gold})

    def saying(predicted: list[str]) -> pd.DataFrame:
        sure = np.array([[0.8 if label == p else 0.1 for label in LABELS] for p in predicted])
        return prediction_frame(rows, sure, LABELS)

    found = compare(
        saying(["pos", "neg", "pos", "neg", "neu"]), saying(["neg", "neg", "neg", "pos", "neu"]), LABELS
    ).by_class.set_index("label")
    assert found.loc["neg", ["sentences", "fixed", "broken", "net_gain"]].tolist() == [2, 1, 0, 1]
    assert found.loc["pos", ["sentences", "fixed", "broken", "net_gain"]].tolist() == [2, 1, 1, 0]
    assert found.loc["neg", ["f1_a", "f1_b"]].tolist() == pytest.approx([0.5, 0.8])
    assert (found["low"] <= found["difference"]).all() and (found["difference"] <= found["high"]).all()
