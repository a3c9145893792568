"""Mixing side by side: what people read, and which measure sets two tasks furthest apart."""

from __future__ import annotations

import pytest

from codemix_lab.config import TaskSpec
from codemix_lab.experiments.mixing_patterns import PATTERNS, differ_most, mixing_of, side_by_side

HINDI = {
    "cmi": 22.0,
    "switches_per_sentence": 3.2,
    "i_index": 0.4,
    "m_index": 0.7,
    "language_share": {"en": 0.3, "hi": 0.7},
    "matrix_language": {"en": 0.25, "hi": 0.75},
    "monolingual_share": 0.1,
    "script_share": {"Latn": 1.0},
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"script_share": {"Latn": 0.2, "Taml": 0.8}},
            "differ most in words in Latin script: 100% against 20%",
        ),
        ({"matrix_language": {"ta": 1.0}}, "differ most in English as matrix language: 25% against 0%"),
        ({"cmi": 2.0}, "differ most in code-mixing index: 22 against 2"),
        ({"i_index": 0.45}, "mix much alike; furthest apart is switches of all places"),
        ({"switches_per_sentence": 90.0, "i_index": 0.41}, "mix much alike"),
    ],
)
def test_the_largest_share_of_a_range_is_named(changes: dict[str, object], said: str) -> None:
    assert said in differ_most("a", HINDI, "b", {**HINDI, **changes})


def test_what_cannot_be_measured_is_a_dash_and_no_sentence() -> None:
    table = side_by_side({"en-hi": HINDI, "en": None})
    assert table["measure"].tolist() == [pattern.name for pattern in PATTERNS]
    assert table["en-hi"].tolist() == ["22", "3.2", "0.40", "0.70", "30%", "25%", "10%", "100%"]
    assert set(table["en"]) == {"–"}
    assert differ_most("a", HINDI, "b", None) == "" and differ_most("a", {}, "b", {}) == ""


def test_starter_pairs_are_measured_and_a_single_language_is_not() -> None:
    found = mixing_of(TaskSpec("en-ta"))
    assert found is not None and 0 < found["cmi"] < 50 and found["script_share"]["Latn"] > 0.9
    assert mixing_of(TaskSpec("en")) is None
