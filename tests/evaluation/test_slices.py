"""Slices say what they hold, in words that the query box understands; a planted one is found again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from codemix_lab.errors import Cancelled, DataError
from codemix_lab.evaluation.query import matching
from codemix_lab.evaluation.slices import COLUMNS, cut, find_slices, slice_table

LABELS = ("a", "b", "c")


def planted(sentences: int = 2400, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A comparison in which B is better exactly where emoji meet much mixing, and traits with noise among them."""
    rng = np.random.default_rng(seed)
    gold = rng.choice(LABELS, sentences)
    traits = pd.DataFrame(
        {
            "emoji": rng.random(sentences) < 0.3,
            "words": rng.integers(2, 40, sentences),
            "cmi": np.where(rng.random(sentences) < 0.4, 0, rng.random(sentences)),
            "script": rng.choice(["Latin", "native"], sentences),
        }
    )
    a = np.where(rng.random(sentences) < 0.5, gold, "a")
    there = (traits["emoji"] & (traits["cmi"] > 0.5)).to_numpy()
    b = np.where(there & (rng.random(sentences) < 0.6), gold, a)
    right_a, right_b = a == gold, b == gold
    pile = np.select(
        [~right_a & right_b, right_a & ~right_b, ~right_a & ~right_b],
        ["fixed", "broken", "both wrong"],
        "both right, alike",
    )
    return pd.DataFrame({"gold": gold, "predicted_a": a, "predicted_b": b, "pile": pile}), traits


def test_every_condition_is_a_question_with_the_same_answer() -> None:
    _, traits = planted(300)
    slices = cut(traits)
    for part in slices:
        assert (matching(traits, part.condition).to_numpy() == part.rows).all(), part.condition
    for trait in traits:
        assert np.sum([part.rows for part in slices if part.trait == trait], axis=0).tolist() == [1] * 300
    assert next(p.condition for p in slices if p.trait == "cmi") == "cmi <= 0"


def test_odd_columns_give_no_slice() -> None:
    odd = pd.DataFrame({"same": [1.0] * 30, "free": [f"text {i}" for i in range(30)], "none": [np.nan] * 30})
    assert cut(odd) == []


def test_the_table_is_worst_first_and_leaves_small_slices_out() -> None:
    frame, traits = planted()
    table = slice_table(frame, cut(traits.assign(rare=[True] * 5 + [False] * 2395)), LABELS)
    assert table.columns.tolist() == COLUMNS
    assert table["difference"].is_monotonic_increasing
    assert "rare" not in set(table["slice"])
    best = table.iloc[-1]
    assert best["slice"] == "emoji" and best["low"] > 0 and best["p_value"] < 0.05
    assert (table["low"] <= table["difference"]).all() and (table["difference"] <= table["high"]).all()


def test_the_planted_slice_is_found_and_chance_is_not() -> None:
    frame, traits = planted()
    found = find_slices(frame, traits)
    assert found.iloc[0]["slice"].startswith("(emoji) and (cmi > ")
    assert found.iloc[0]["p_value"] < 0.01 and found.iloc[0]["gain"] > 0.1
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    assert (find_slices(shuffled, traits)["p_value"] > 0.05).all()


def test_nothing_changed_nothing_found() -> None:
    frame, traits = planted(200)
    same = frame.assign(predicted_b=frame["predicted_a"], pile="both right, alike")
    assert (find_slices(same, traits)["p_value"] > 0.5).all()
    assert slice_table(frame.iloc[:0], [], LABELS).empty


def test_it_stops_and_says_what_does_not_fit() -> None:
    frame, traits = planted(200)
    with pytest.raises(Cancelled):
        find_slices(frame, traits, should_stop=lambda: True)
    with pytest.raises(DataError, match="one each"):
        find_slices(frame, traits.iloc[:5])
