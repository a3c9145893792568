"""How the same romanised word is spelt by different hands."""

from __future__ import annotations

import random
import re
import unicodedata

_DOUBLED = re.compile(r"(.)\1+")
_VARIANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "hi": (("aa", "a"), ("ee", "i"), ("oo", "u"), ("v", "w"), ("w", "v"), ("ain", "ai"), ("hai", "h"),
           ("kya", "kia"), ("ph", "f"), ("z", "j"), ("chh", "ch"), ("(?<=[^aeiou])i$", "ee"), ("(?<=[^aeiou])u$", "oo"), ("kh", "k"),
           ("(?<=[^aeiou])a$", "aa")),
    "ta": (("aa", "a"), ("ee", "i"), ("oo", "u"), ("zh", "l"), ("th", "dh"), ("dh", "th"), ("v", "w"),
           ("nga$", "nge"), ("ai$", "a"), ("tt", "t"), ("kk", "k"), ("l", "ll")),
    "ml": (("aa", "a"), ("ee", "i"), ("oo", "u"), ("zh", "l"), ("th", "dh"), ("v", "w"), ("nn", "n"),
           ("kk", "k"), ("ll", "l"), ("(?<=[^aeiou])u$", "oo"), ("unnu$", "unu"), ("tt", "t")),
}  # fmt: skip


def varied(word: str, language: str, rng: random.Random, rate: float) -> str:
    """The word, or with probability `rate` one of its other spellings; Spanish loses its accents.

    >>> varied("paani", "hi", random.Random(0), 1.0) != "paani", varied("mañana", "es", random.Random(0), 1.0)
    (True, 'manana')
    """
    if rate <= 0 or rng.random() >= rate or not word:
        return word
    if language == "es":
        return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    able = [(pattern, new) for pattern, new in _VARIANTS.get(language, ()) if re.search(pattern, word[1:])]
    if not able:
        return word
    pattern, new = rng.choice(able)
    return word[0] + re.sub(pattern, new, word[1:], count=1)


def spelling_key(word: str) -> str:
    """What spellings of a word have in common: lower case, short vowels, no doubled letters, v for w.

    >>> spelling_key("Dukaan") == spelling_key("dukan"), spelling_key("wala") == spelling_key("vaalaa")
    (True, True)
    """
    lowered = word.lower().replace("ee", "i").replace("oo", "u").replace("w", "v")
    return _DOUBLED.sub(r"\1", lowered)
