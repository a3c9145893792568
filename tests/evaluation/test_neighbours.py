"""Near sentences are near in spelling."""

from __future__ import annotations

import pandas as pd
import pytest

from codemix_lab.errors import DataError
from codemix_lab.evaluation.neighbours import nearest

TRAIN = pd.DataFrame(
    {
        "text": ["bahut accha laga yaar", "worst film ever", "बहुत अच्छा"],
        "label": ["positive", "negative", "positive"],
    }
)


def test_the_same_sentence_comes_first_with_similarity_one() -> None:
    found = nearest(TRAIN, "worst film ever", count=2)
    assert found.columns.tolist() == ["text", "label", "similarity"]
    assert found.iloc[0]["text"] == "worst film ever" and found.iloc[0]["similarity"] == pytest.approx(1)
    assert len(nearest(TRAIN, "bohot acha", count=9)) == 3


def test_nothing_to_be_near_to_is_said() -> None:
    with pytest.raises(DataError, match="no train sentence"):
        nearest(TRAIN.iloc[:0], "x")
    with pytest.raises(DataError, match="no text"):
        nearest(pd.DataFrame({"text": [" "], "label": ["a"]}), "x")
