"""Small changes to a sentence that show what an answer hangs on."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from codemix_lab.text.romanise import romanise
from codemix_lab.text.traits import NEGATIONS

_NEGATED = {"en": "not", "hi": "nahi", "es": "no", "ta": "illa", "ml": "alla"}
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_RESPELLED = (
    ("aa", "a"),
    ("ee", "i"),
    ("oo", "u"),
    ("ch", "chh"),
    ("w", "v"),
    ("z", "j"),
    ("ph", "f"),
    ("th", "t"),
)


@dataclass(frozen=True)
class Edit:
    """A changed sentence, and in words what was changed."""

    said: str
    text: str


def suggested_edits(
    text: str, pair: str | None, lexicon: Mapping[str, str] | None = None, most: int = 12
) -> list[Edit]:
    """Up to `most` changes of one kind each: a negating word taken out or put in, words translated, respelled,
    written in Latin script, dropped.

    `lexicon` maps lower-case words to their translation. Dropped are the longest words, which carry most.

    >>> [edit.said for edit in suggested_edits("film acchi thi", "en-hi", {"film": "movie"}, most=3)]
    ['negate: + nahi', 'translate: film → movie', 'respell: acchi → acchhi']
    """
    words = text.split()
    edits = [
        *_negation(words, pair),
        *_translated(words, lexicon or {}),
        *_respelled(words),
        *_romanised(text),
    ]
    longest = sorted(range(len(words)), key=lambda i: -len(words[i])) if len(words) > 1 else []
    edits += [Edit(f"drop: {words[i]}", _joined(words, i, None)) for i in longest]
    distinct = {edit.text: edit for edit in reversed(edits) if edit.text != text}
    return [edit for edit in edits if distinct.get(edit.text) is edit][:most]


def _negation(words: list[str], pair: str | None) -> list[Edit]:
    languages = (pair or "en").split("-")
    known = frozenset().union(*(NEGATIONS.get(language, frozenset()) for language in languages))
    there = [i for i, word in enumerate(words) if word.lower().strip(".,!?") in known]
    if there:
        return [Edit(f"negate: − {words[i]}", _joined(words, i, None)) for i in there]
    word = _NEGATED.get(languages[-1], "not")
    before_last = max(0, len(words) - 1)
    return [Edit(f"negate: + {word}", " ".join([*words[:before_last], word, *words[before_last:]]))]


def _translated(words: list[str], lexicon: Mapping[str, str]) -> list[Edit]:
    found = [(i, lexicon.get(word.lower().strip(".,!?"))) for i, word in enumerate(words)]
    return [Edit(f"translate: {words[i]} → {other}", _joined(words, i, other)) for i, other in found if other]


def _respelled(words: list[str]) -> list[Edit]:
    edits = []
    for i, word in enumerate(words):
        for one, other in _RESPELLED:
            if one in word.lower():
                spelled = word.lower().replace(one, other, 1)
                edits.append(Edit(f"respell: {word} → {spelled}", _joined(words, i, spelled)))
                break
    return edits[:2]


def _romanised(text: str) -> list[Edit]:
    if not _DEVANAGARI.search(text):
        return []
    return [Edit("script: Devanagari → Latin", romanise(text, random.Random(0)))]


def _joined(words: list[str], place: int, instead: str | None) -> str:
    return " ".join([*words[:place], *([instead] if instead else []), *words[place + 1 :]])
