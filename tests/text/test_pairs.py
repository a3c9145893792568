"""Language pairs and how they are recognised."""

import pytest

from codemix_lab.text.pairs import PAIRS, guess_pair


def test_the_pairs_of_the_paper_and_the_baseline_are_known():
    assert set(PAIRS) == {"en-hi", "en-es", "en-ta", "en-ml", "en"}
    assert all(pair.code == code for code, pair in PAIRS.items())
    assert all(len(pair.languages) == len(pair.scripts) for pair in PAIRS.values())


def test_pairs_cannot_be_changed():
    with pytest.raises(TypeError):
        PAIRS["en-fr"] = PAIRS["en"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("en-hi.sentiment.sail2017.tsv.gz", "en-hi"),
        ("My_EN_TA_reviews.csv", "en-ta"),
        ("train-en-ml-2.jsonl", "en-ml"),
        ("en.sentiment.tsv", "en"),
        ("reviews.en.tsv", "en"),
        ("sentiment.tsv", None),
        ("en-de.tsv", None),
        ("open-history.csv", None),
        ("kitchen-hit.csv", None),
        ("", None),
    ],
)
def test_a_pair_is_guessed_only_from_a_word_of_its_own(name, pair):
    assert guess_pair(name) == pair
