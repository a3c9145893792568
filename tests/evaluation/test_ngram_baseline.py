"""The baseline learns what a spelling gives away, is deterministic, and refuses what it cannot learn."""

from __future__ import annotations

import numpy as np
import pytest

from codemix_lab.errors import DataError
from codemix_lab.evaluation.ngram_baseline import ngram_baseline

TRAIN = ["bahut good film", "good hai yaar", "bakwas film", "bilkul bakwas thi", "mast good", "bakwaas"]
GOLD = ["+", "+", "-", "-", "+", "-"]


def test_unseen_spellings_are_recognised() -> None:
    found = ngram_baseline(TRAIN, GOLD, ["goood", "bakwaaas"], ["-", "+"])
    assert found.dtype == np.float32 and found.shape == (2, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    assert found.argmax(axis=1).tolist() == [1, 0]
    assert np.array_equal(found, ngram_baseline(TRAIN, GOLD, ["goood", "bakwaaas"], ["-", "+"]))


def test_labels_keep_their_places_and_unknown_ones_get_nothing() -> None:
    one = ngram_baseline(TRAIN, GOLD, ["good"], ["+", "-"])
    other = ngram_baseline(TRAIN, GOLD, ["good"], ["-", "neutral", "+"])
    assert other[0].tolist() == [one[0, 1], 0.0, one[0, 0]]


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [(["a b", "c d"], ["x", "x"], "two labels"), (["", " "], ["x", "y"], "no text")],
)
def test_refusals(texts: list[str], labels: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        ngram_baseline(texts, labels, ["a"], ["x", "y"])


def test_no_texts() -> None:
    assert ngram_baseline(TRAIN, GOLD, [], ["+", "-"]).shape == (0, 2)
