"""Exact and near duplicates."""

import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.text.duplicates import (
    NearPair,
    across_splits,
    exact_duplicates,
    near_duplicates,
    normalise,
    word_trigrams,
)


def test_normalising_forgets_case_width_and_white_space():
    assert normalise("\u3000Ｋya  BAAT\n") == normalise("kya baat") == "kya baat"
    assert normalise("स्त्री") == "स्त्री"


def test_trigrams_leave_off_punctuation_but_no_vowel_signs():
    assert word_trigrams("(मेरी) नदी, बही!") == {("मेरी", "नदी", "बही")}
    assert word_trigrams("Bas ok") == {("bas", "ok")}
    assert word_trigrams("?!") == frozenset()


def test_exact_duplicates_come_in_groups():
    assert exact_duplicates(["a b", "c", "A  B", "d", "c", "a b "]) == [(0, 2, 5), (1, 4)]


def test_a_worked_example_of_near_duplicates():
    texts = [
        "yeh film bahut hi acchi hai",
        "yeh film bahut hi acchi thi",
        "kal milte hain dost",
        "Yeh film bahut hi acchi hai!",
    ]
    assert near_duplicates(texts) == [NearPair(0, 1, 0.6), NearPair(0, 3, 1.0), NearPair(1, 3, 0.6)]
    assert near_duplicates(texts, threshold=0.61) == [NearPair(0, 3, 1.0)]


@given(
    texts=st.lists(st.lists(st.sampled_from("abc"), max_size=7).map(" ".join), max_size=12),
    threshold=st.sampled_from([0.1, 0.3, 0.5, 0.6, 2 / 3, 0.75, 0.9, 1.0]),
)
def test_the_index_finds_what_comparing_all_pairs_finds(texts, threshold):
    grams = [word_trigrams(text) for text in texts]
    slow = [
        NearPair(i, j, len(a & b) / len(a | b))
        for j, b in enumerate(grams)
        for i, a in enumerate(grams[:j])
        if a | b and len(a & b) / len(a | b) >= threshold
    ]
    assert near_duplicates(texts, threshold) == slow


def test_twenty_thousand_texts_take_seconds():
    rng = random.Random(0)
    words = [f"w{number}" for number in range(2_000)]
    texts = [" ".join(rng.choices(words, k=12)) for _ in range(20_000)]
    assert near_duplicates([*texts, texts[7]]) == [NearPair(7, 20_000, 1.0)]


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.01])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match="out of range"):
        near_duplicates(["a"], threshold)


def test_across_splits_counts_texts_by_where_they_stand():
    rows = [
        ("train", "a b"),
        ("train", "A b"),
        ("dev", "a  b"),
        ("test", "c"),
        ("train", "c"),
        ("dev", "c"),
        ("dev", "d"),
        ("dev", "d"),
    ]
    frame = pd.DataFrame(rows, columns=["split", "text"])
    assert across_splits(frame) == {("train", "dev"): 1, ("train", "dev", "test"): 1}
