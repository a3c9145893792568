"""The train sentences that look most like a given one."""

from __future__ import annotations

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from codemix_lab.errors import DataError


class Neighbours:
    """An index of train sentences (columns text, label), made once: seconds for ten thousand of them."""

    def __init__(self, train: pd.DataFrame) -> None:
        """Raises `DataError` when there is no train sentence, or none with text."""
        if train.empty:
            raise DataError("There is no train sentence to be near to.")
        self._train = train
        self._grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        try:
            self._known = self._grams.fit_transform(train["text"])
        except ValueError as error:
            raise DataError(f"The train sentences hold no text ({error}).") from error

    def nearest(self, text: str, count: int = 5) -> pd.DataFrame:
        """As the function `nearest`."""
        alike = (self._known @ self._grams.transform([text]).T).toarray().ravel()
        found = self._train.assign(similarity=alike)[["text", "label", "similarity"]]
        return found.nlargest(count, "similarity", keep="first").reset_index(drop=True)


def nearest(train: pd.DataFrame, text: str, count: int = 5) -> pd.DataFrame:
    """The `count` rows of `train` (text, label) most like `text`, with their similarity (0…1), best first.

    Cosine between TF-IDF vectors of character 2- to 4-grams inside words, which forgives the spelling of
    romanised words. Raises `DataError` when there is no train sentence.

    >>> train = pd.DataFrame({"text": ["bahut accha tha", "boring film"], "label": ["positive", "negative"]})
    >>> nearest(train, "bohot acha", count=1)["label"].tolist()
    ['positive']
    """
    return Neighbours(train).nearest(text, count)
