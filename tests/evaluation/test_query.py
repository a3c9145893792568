"""Questions about rows are understood or refused at their place; nothing is ever run as code."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.errors import SpecError
from codemix_lab.evaluation.query import matching

FRAME = pd.DataFrame(
    {
        "text": ["Nahi yaar", "so good", "यह नहीं $1+1$", ""],
        "cmi": [0.5, 0.0, None, 0.3],
        "gold": ["negative", "positive", "negative", "neutral"],
        "emoji": [True, False, False, True],
    }
)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [0, 1, 2, 3]),
        ("cmi > 0.3", [0]),
        ("0 <= cmi < 0.5", [1, 3]),
        ("cmi > -1", [0, 1, 3]),
        ('"NAHI" in text', [0]),
        ('"nahi" not in text and not emoji', [1, 2]),
        ('"नहीं" in text', [2]),
        ('gold in ("negative", "neutral")', [0, 2, 3]),
        ('gold not in ["negative"]', [1, 3]),
        ("emoji or cmi == 0", [0, 1, 3]),
        ('(gold == "negative" or gold == "neutral") and emoji', [0, 3]),
        ('"$1+1$" in text', [2]),
        ("emoji == True", [0, 3]),
    ],
)
def test_it_finds_the_rows(query: str, wanted: list[int]) -> None:
    assert FRAME.index[matching(FRAME, query)].tolist() == wanted


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("cmi >", "character"),
        ("cni > 0.3", "did you mean cmi"),
        ('"नहीं" in text and nope > 1', "at character 20 .*there is no column “nope”"),
        ("text", "not true or false by itself"),
        ("cmi > text", "cannot be compared"),
        ('cmi > "a"', "cannot be compared"),
        ("cmi + 1 > 2", "wanted here"),
        ("__import__('os').system('true')", "comparison"),
        ("text.str.len() > 3", "wanted here"),
        ("(lambda: 1)() == 1", "wanted here"),
        ("[x for x in text]", "comparison"),
        ("text is 3", "use == or !="),
        ("3 in cmi", "write"),
        ("-'a' == text", "wanted here"),
        ("not " * 200 + "emoji", "inside one another"),
        ("emoji and " * 200 + "emoji", "longer than"),
        ("emoji\x00", "stops making sense"),
    ],
)
def test_it_says_where_it_is_not_understood(query: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        matching(FRAME, query)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["cmi", ">", "(", ")", "text", "in", '"a"', "not", "and", "3"])).map(" ".join)
)
def test_any_text_gives_rows_or_a_sentence(query: str) -> None:
    try:
        found = matching(FRAME, query)
    except SpecError:
        return
    assert found.dtype == bool and len(found) == len(FRAME)
