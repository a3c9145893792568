"""What a word looks like to the tagger: itself and its character n-grams, hashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

SIZE: Final = 2**16
LONGEST: Final = 5
_LONGEST_WORD = 24


def grams(word: str) -> list[str]:
    """The word with “=” before it, then the 1- to 5-grams of <word>, each once.

    >>> grams("Ok")
    ['=ok', '<', 'o', 'k', '>', '<o', 'ok', 'k>', '<ok', 'ok>', '<ok>']
    """
    lowered = word.lower()
    edged = f"<{lowered[:_LONGEST_WORD]}>"
    found = {f"={lowered}": None}
    for size in range(1, LONGEST + 1):
        for start in range(len(edged) - size + 1):
            found[edged[start : start + size]] = None
    return list(found)


def hashed(words: Sequence[str]) -> Any:
    """Sparse matrix, one row a word of length 1 (L2) over `SIZE` hashed n-grams (MurmurHash3)."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.preprocessing import normalize

    hasher = FeatureHasher(SIZE, input_type="string", alternate_sign=False)
    return normalize(hasher.transform(grams(word) for word in words), copy=False)
