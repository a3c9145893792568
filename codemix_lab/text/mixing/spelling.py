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
_ENDINGS = {
    "en": re.compile("(?:['’]s|i?e?s|i?e?d|(.)?ing|i?e?r|i?est|ly|y|e)$"),
    "es": re.compile("(?:[aeoáéó]s?|s|mente)$"),
    "hi": re.compile("(?:iyan|iyon|on|en|ein|e|i|a|o|u)n?$"),
    "ta": re.compile("(?:k?uk?u|kal|il|la|le|oda|nga|ngal?a|lirundhu|y?ai|y?a|y?e|i|u|am|athu?)$"),
    "ml": re.compile("(?:y?il|t?hi?l|i?n?u|y?ude|i?n?te|i?ne|y?e|u?kal|ngal|lek?u|y?um|am|m|u|i|a)$"),
}
_SHORTEST_STEM = 4


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


def stem(word: str, language: str) -> str:
    """The spelling key without one common ending; empty below four letters, which tell too little.

    >>> stem("dukaanon", "hi") == stem("dukan", "hi"), stem("platos", "es"), stem("officil", "ml"), stem("as", "en")
    (True, 'plat', 'ofic', '')
    """
    key = spelling_key(word)
    cut = _ENDINGS[language].sub("", key)
    return cut if len(cut) >= _SHORTEST_STEM else key if len(key) > _SHORTEST_STEM else ""


def spelling_key(word: str) -> str:
    """What spellings of a word have in common: lower case, short vowels, no doubled letters, v for w.

    >>> spelling_key("Dukaan") == spelling_key("dukan"), spelling_key("wala") == spelling_key("vaalaa")
    (True, True)
    """
    lowered = word.lower().replace("ee", "i").replace("oo", "u").replace("w", "v")
    return _DOUBLED.sub(r"\1", lowered)
