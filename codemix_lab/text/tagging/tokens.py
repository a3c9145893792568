"""Sentences into tokens, and what the script of a token says of its language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

OTHER: Final = "other"
"""Tag of a token that belongs to neither language: signs, digits, handles, links, emoji."""

_MARKS = "\u0300-\u036f\u0900-\u0963\u0971-\u0d65\u0d7a-\u0d7f\u200c\u200d"
_LETTER = rf"(?:[^\W\d_]|[{_MARKS}])"
_TOKEN = re.compile(
    rf"https?://\S+|www\.\S+|@\w+|#[\w{_MARKS}]+|{_LETTER}+(?:['’]{_LETTER}+)*|\d+(?:[.,:]\d+)*|[^\w\s]+|\S"
)
_WORD = re.compile(_LETTER)
_LINK = re.compile(r"@|#|http|www\.|pic\.twitter\.")
_JOINT = re.compile(r"[:/.?=&_-]+")

_SCRIPTS = (
    ("Deva", re.compile("[\u0900-\u0963\u0971-\u097f]"), "hi"),
    ("Taml", re.compile("[\u0b80-\u0bff]"), "ta"),
    ("Mlym", re.compile("[\u0d00-\u0d7f]"), "ml"),
)
SCRIPT_LANGUAGE: Final = MappingProxyType({script: language for script, _, language in _SCRIPTS})


def tokenise(text: str) -> list[str]:
    """Words with their inner apostrophes, numbers, runs of signs; handles, hashtags and links stay whole.

    >>> tokenise("@user Don't worry, सब ठीक है!! #fun")
    ['@user', "Don't", 'worry', ',', 'सब', 'ठीक', 'है', '!!', '#fun']
    """
    return _TOKEN.findall(text)


def is_word(token: str) -> bool:
    """Whether a token has a letter and is no handle, hashtag or link.

    >>> [is_word(token) for token in ("yaar", "2nd", "@yaar", "http", ":)", "ठीक")]
    [True, True, False, False, False, True]
    """
    return _LINK.match(token) is None and _WORD.search(token) is not None


def in_links(tokens: Sequence[str]) -> set[int]:
    """Places of words that are pieces of a handle or link which was taken apart: `@ name _ x`, `https // t . co / x`.

    >>> sorted(in_links(["@", "asha", "_", "k", "see", "http", ".", "co", "/", "hBg7", "now", "."]))
    [1, 3, 5, 7, 9]
    """
    found: set[int] = set()
    inside = glued = False
    for place, token in enumerate(tokens):
        if token in ("http", "https", "www"):
            inside, glued = True, False
            found.add(place)
        elif _WORD.search(token) or token.isdigit():
            inside = inside and (glued or token.startswith("co"))
            handle = tokens[place - 1] == "@" if place else False
            tail = place > 2 and tokens[place - 1] == "_" and tokens[place - 3] == "@"
            if inside or handle or tail:
                found.add(place)
            glued = False
        else:
            inside = inside and _JOINT.fullmatch(token) is not None
            glued = inside
    return found


def script_of(token: str) -> str:
    """ISO 15924 code of the first script of India found in a token, else Latn for letters, else Zyyy.

    >>> [script_of(token) for token in ("ठीक", "நான்", "ഞാൻ", "Okay", "12")]
    ['Deva', 'Taml', 'Mlym', 'Latn', 'Zyyy']
    """
    if token.isascii():
        return "Latn" if _WORD.search(token) else "Zyyy"
    for script, pattern, _ in _SCRIPTS:
        if pattern.search(token):
            return script
    return "Latn" if _WORD.search(token) else "Zyyy"
