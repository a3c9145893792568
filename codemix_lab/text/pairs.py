"""The language pairs the lab knows, and how a pair is recognised in a file's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class LanguagePair:
    """Two languages that are mixed in one sentence (or one language, for the monolingual baseline).

    `languages` are ISO 639-1 codes; `scripts` are the ISO 15924 codes in which each language,
    in the same order, is met in code-mixed text.
    """

    code: str
    name: str
    languages: tuple[str, ...]
    scripts: tuple[str, ...]


_KNOWN = (
    LanguagePair("en-hi", "English–Hindi", ("en", "hi"), ("Latn", "Latn")),
    LanguagePair("en-es", "English–Spanish", ("en", "es"), ("Latn", "Latn")),
    LanguagePair("en-ta", "English–Tamil", ("en", "ta"), ("Latn", "Latn")),
    LanguagePair("en-ml", "English–Malayalam", ("en", "ml"), ("Latn", "Latn")),
    LanguagePair("en", "English", ("en",), ("Latn",)),
)

PAIRS: Final = MappingProxyType({pair.code: pair for pair in _KNOWN})


def guess_pair(file_name: str) -> str | None:
    """Code of the pair that `file_name` contains as a word of its own, or None.

    >>> guess_pair("my_en-hi.hate.tsv.gz"), guess_pair("EN_ES.csv"), guess_pair("en.reviews.tsv")
    ('en-hi', 'en-es', 'en')
    >>> guess_pair("sentiment.tsv") is None and guess_pair("en-de.tsv") is None
    True
    """
    lowered = file_name.lower()
    for code in sorted(PAIRS, key=len, reverse=True):
        if "-" in code:
            pattern = rf"(?<![a-z]){code.replace('-', '[-_]')}(?![a-z])"
        else:
            pattern = rf"(?<![\w-]){code}(?![\w-])"
        if re.search(pattern, lowered):
            return code
    return None
