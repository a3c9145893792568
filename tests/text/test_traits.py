"""Traits of sentences, read off by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.text.traits import sentence_traits


@pytest.mark.parametrize(
    ("text", "pair", "negated"),
    [
        ("Yeh NAHI chalega", "en-hi", True),
        ("I don’t know", "en-hi", True),
        ("nahin", "en-es", False),
        ("no me gusta", "en-es", True),
        ("notable nation", None, False),
        ("padam nalla illa", "en-ta", True),
        ("यह नहीं", "en-hi", True),
        ("वेण्डा", "en", False),
    ],
)
def test_negation_is_that_of_the_pairs_languages(text: str, pair: str | None, negated: bool) -> None:
    assert bool(sentence_traits([text], pair)["negation"][0]) is negated


@pytest.mark.parametrize(
    ("text", "found"),
    [("so good 😂", True), ("❤️", True), ("ok :)", True), ("10:30 D", False), ("plain", False), ("<3", True)],
)
def test_emoji_and_emoticons(text: str, found: bool) -> None:
    assert bool(sentence_traits([text])["emoji"][0]) is found


def test_script_and_mixing_are_read_from_the_words() -> None:
    traits = sentence_traits(["yaar so good", "यार", "यार bro", "123 😀"], "en-hi")
    assert traits["script"].tolist() == ["Latin", "native", "both", "none"]
    assert traits["switch_points"].tolist() == [1, 0, 1, 0]
    assert traits["matrix"].tolist()[1] == "hi" and traits["cmi"].tolist()[1:] == [0, 50, 0]
    assert "cmi" not in sentence_traits(["good"], "en")


def test_the_rest_of_the_traits() -> None:
    traits = sentence_traits(["Sooo good?", "sooo  GOOD?", "@user see http", "a #tag", "good 100"])
    assert traits["drawn_out"].tolist() == [True, True, False, False, False]
    assert traits["duplicate"].tolist() == [True, True, False, False, False]
    assert traits["question"].tolist() == [True, True, False, False, False]
    assert traits["handle_or_link"].tolist() == [False, False, True, False, False]
    assert traits["hashtag"].tolist() == [False, False, False, True, False]
    assert traits["words"].tolist() == [2, 2, 1, 1, 1]
    assert sentence_traits([]).empty


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_has_traits(texts: list[str]) -> None:
    traits = sentence_traits(texts)
    assert len(traits) == len(texts) and set(traits["script"]) <= {"Latin", "native", "both", "none"}
