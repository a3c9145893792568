"""Suggested edits change one thing each and say which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.text.edits import suggested_edits


def test_a_negation_is_taken_out_where_there_is_one() -> None:
    edits = {edit.said: edit.text for edit in suggested_edits("movie Nahi acchi thi", "en-hi")}
    assert edits["negate: − Nahi"] == "movie acchi thi"
    assert edits["drop: movie"] == "Nahi acchi thi"
    spanish = suggested_edits("la movie es buena", "en-es")[0]
    assert spanish.text == "la movie es no buena" and spanish.said == "negate: + no"


def test_words_are_translated_and_script_switched() -> None:
    edits = {edit.said: edit.text for edit in suggested_edits("film अच्छी!", "en-hi", {"film": "movie"})}
    assert edits["translate: film → movie"] == "movie अच्छी!"
    assert edits["script: Devanagari → Latin"].isascii()


@given(st.text(max_size=60), st.sampled_from(["en-hi", "en-ta", None]))
def test_every_edit_differs_and_none_comes_twice(text: str, pair: str | None) -> None:
    edits = suggested_edits(text, pair, most=5)
    texts = [edit.text for edit in edits]
    assert len(texts) <= 5 and len(set(texts)) == len(texts) and text not in texts
