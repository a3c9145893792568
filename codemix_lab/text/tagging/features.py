"""What a word looks like to the tagger: its character n-grams, and itself beside them, hashed.

The word itself weighs as much however long it is, so that what is known of a word can outweigh what its
letters say; only words that were never met go by their letters alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

SIZE: Final = 2**17
LONGEST: Final = 5
_LONGEST_WORD = 24
_ITSELF = 2.0


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
    """Sparse matrix, one row a word over `SIZE` hashed features (MurmurHash3): n-grams of length 1 (L2), the word 2."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.preprocessing import normalize

    hasher = FeatureHasher(SIZE, input_type="string", alternate_sign=False)
    found = [grams(word) for word in words]
    letters = normalize(hasher.transform(one[1:] for one in found), copy=False)
    return letters + _ITSELF * hasher.transform(one[:1] for one in found)
