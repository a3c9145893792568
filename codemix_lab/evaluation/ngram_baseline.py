"""The plain baseline that stands beside every table: character n-grams and a logistic regression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from codemix_lab.errors import DataError


def ngram_baseline(
    train_texts: Sequence[str],
    train_labels: Sequence[str],
    texts: Sequence[str],
    labels: Sequence[str],
) -> np.ndarray:
    """Probabilities, float32, (texts, labels), of a model that knows nothing but the train sentences.

    TF-IDF over character 2- to 5-grams inside words, then a logistic regression; it takes a second
    for a thousand sentences and is deterministic. A label without a train sentence gets probability
    zero. Raises `DataError` when the train sentences have fewer than two labels or no character.
    """
    if len(set(train_labels)) < 2:
        raise DataError("The baseline needs train sentences of at least two labels: draw more of them.")
    try:
        model = _pipeline().fit(list(train_texts), list(train_labels))
    except ValueError as error:
        raise DataError(f"The baseline found no text to learn from ({error}).") from error
    probabilities = np.zeros((len(texts), len(labels)), dtype=np.float32)
    if len(texts) == 0:
        return probabilities
    known = list(model.classes_)
    found = model.predict_proba(list(texts))
    for place, label in enumerate(labels):
        if label in known:
            probabilities[:, place] = found[:, known.index(label)]
    return probabilities


def _pipeline() -> Pipeline:
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_pipeline(grams, LogisticRegression(C=10.0, max_iter=1000))
