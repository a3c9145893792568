"""Hindi as Indians type it: Devanagari into informal Latin spelling, by rule, with schwa deletion.

Every Devanagari consonant carries a schwa that speech drops at the end of words and, word-inside,
by ə → ∅ / VC_CV (M. Ohala, *Aspects of Hindi Phonology*, 1983), here applied from right to left as
in Narasimhan, Sproat and Kiraz (*Schwa-Deletion in Hindi Text-to-Speech Synthesis*, 2004). Choudhury,
Basu and Sarkar (SIGPHON 2004) say why, and Arora, Gessler and Schneider (arXiv 2004.10353) how often
such rules err: compounds and loans keep schwas that these rules drop.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass

_NUKTA, _VIRAMA = "\u093c", "\u094d"
_SCHWA = "ə"
_OTHER_SPELLING = 0.25

_CONSONANTS = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "n",
    "च": "ch", "छ": "ch", "ज": "j", "झ": "jh", "ञ": "n",
    "ट": "t", "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n",
    "त": "t", "थ": "th", "द": "d", "ध": "dh", "न": "n",
    "प": "p", "फ": "ph", "ब": "b", "भ": "bh", "म": "m",
    "य": "y", "र": "r", "ल": "l", "ळ": "l", "व": "v",
    "श": "sh", "ष": "sh", "स": "s", "ह": "h",
}  # fmt: skip
_WITH_NUKTA = {"क": "q", "ज": "z", "फ": "f"}
_SIGNS = {
    "ा": "ā", "ि": "i", "ी": "ī", "ु": "u", "ू": "ū", "ृ": "ri",
    "े": "e", "ै": "ai", "ो": "o", "ौ": "au", "ॉ": "o", "ॅ": "e",
}  # fmt: skip
_VOWELS = {
    "अ": _SCHWA, "आ": "ā", "इ": "i", "ई": "ī", "उ": "u", "ऊ": "ū", "ऋ": "ri",
    "ए": "e", "ऐ": "ai", "ओ": "o", "औ": "au", "ऑ": "o", "ऍ": "e", "ॐ": "om",
}  # fmt: skip
_VISARGA = "\u0903"
_NASALS = "ंँ"
_CONJUNCTS = (("ज्ञ", "ग्य"), ("च्छ", "च्ह"))
_ALONE = str.maketrans("०१२३४५६७८९।॥", "0123456789..", "\u200c\u200d")

# Words so frequent that their spelling is a habit, usual spelling first.
_HABITS = {
    "यह": ("yeh", "ye"),
    "ये": ("ye", "yeh"),
    "वह": ("woh", "wo"),
    "वो": ("wo", "woh"),
    "में": ("mein", "me"),
    "नहीं": ("nahi", "nahin"),
    "हाँ": ("haan", "ha"),
    "हां": ("haan", "ha"),
    "माँ": ("maa", "ma"),
    "न": ("na",),
    "व": ("va",),
}
_LONG = {"ā": ("a", "aa"), "ī": ("i", "ee"), "ū": ("u", "oo")}
_CONFUSED = {"v": "w", "w": "v", "z": "j", "q": "k", "f": "ph", "ph": "f"}
_DEVANAGARI = re.compile("[\u0900-\u0963\u0970-\u097f\u200c\u200d]+")


@dataclass
class _Sound:
    """One consonant or vowel of a word; a `hidden` vowel is a schwa the script implies."""

    letters: str
    vowel: bool
    hidden: bool = False
    nasal: bool = False


def romanise(devanagari: str, rng: random.Random | None = None) -> str:
    """Spell Hindi in Latin letters the informal way; what is not Devanagari stays as it is.

    Without `rng` every word has one spelling; with it, long vowels and some consonants and frequent
    words vary as they do among writers (kam, kaam; vala, wala).

    >>> romanise("मैं घर जा रहा हूँ।")
    'main ghar ja raha hun.'
    """
    return _DEVANAGARI.sub(lambda match: _word(match.group(), rng), devanagari).translate(_ALONE)


def _word(word: str, rng: random.Random | None) -> str:
    if word in _HABITS:
        usual, *others = _HABITS[word]
        return rng.choice(others) if others and rng and rng.random() < _OTHER_SPELLING else usual
    word = unicodedata.normalize("NFD", word)
    for written, spoken in _CONJUNCTS:
        word = word.replace(written, spoken)
    sounds = _sounds(word)
    _drop_schwas(sounds)
    return _spell(sounds, rng)


def _sounds(word: str) -> list[_Sound]:
    """The consonants and vowels of a word, with every schwa that the script implies."""
    sounds: list[_Sound] = []
    for place, sign in enumerate(word):
        after = word[place + 1 : place + 2]
        if sign in _CONSONANTS:
            letters = _WITH_NUKTA.get(sign, _CONSONANTS[sign]) if after == _NUKTA else _CONSONANTS[sign]
            after = word[place + 2 : place + 3] if after == _NUKTA else after
            sounds.append(_Sound(letters, vowel=False))
            if after not in _SIGNS and after != _VIRAMA:
                sounds.append(_Sound(_SCHWA, vowel=True, hidden=True))
        elif sign in _SIGNS or sign in _VOWELS:
            letters = _SIGNS.get(sign) or _VOWELS[sign]
            sounds.append(_Sound(letters, vowel=True))
        elif sign in _NASALS:
            before_lips = after in tuple("पफबभम")
            sounds.append(_Sound("m" if before_lips else "n", vowel=False, nasal=True))
        elif sign == _VISARGA:
            sounds.append(_Sound("h", vowel=False))
    return sounds


def _drop_schwas(sounds: list[_Sound]) -> None:
    """Remove the schwas that are not spoken, in place: the final one, then ə → ∅ / VC_CV from the right."""
    if len(sounds) >= 3 and sounds[-1].hidden and not _keeps_final_schwa(sounds):
        del sounds[-1]
    for place in range(len(sounds) - 3, 1, -1):
        here, onset, after = sounds[place], sounds[place - 1], sounds[place + 1 : place + 3]
        if not here.hidden or onset.vowel or [sound.vowel for sound in after] != [False, True]:
            continue
        before = place - 2
        if sounds[before].letters in ("n", "m") and before > 0:
            before -= 1
        if not sounds[before].vowel:
            continue
        if onset.letters == "h" and sounds[before].letters == _SCHWA:
            sounds[before].letters = "e"
        del sounds[place]


def _keeps_final_schwa(sounds: list[_Sound]) -> bool:
    """True without another vowel (na), after a cluster ending in y, r or v (satya), and after iy (priya)."""
    last, before = sounds[-2].letters, sounds[-3]
    if not any(sound.vowel for sound in sounds[:-1]):
        return True
    return (last in ("y", "r", "v") and not before.vowel) or (last == "y" and before.letters in ("i", "ī"))


def _spell(sounds: list[_Sound], rng: random.Random | None) -> str:
    vowels = sum(sound.vowel for sound in sounds)
    closed = vowels == 1 and bool(sounds) and not sounds[-1].vowel and not sounds[-1].nasal
    pieces: list[str] = []
    for place, sound in enumerate(sounds):
        after = sounds[place + 1].letters if place + 1 < len(sounds) else ""
        varied = rng is not None and rng.random() < _OTHER_SPELLING
        if sound.letters in _LONG:
            doubled = closed or (sound.letters == "ā" and place == 0)
            pieces.append(_LONG[sound.letters][doubled != varied])
        else:
            letters = "w" if sound.letters == "v" and after == "ā" else sound.letters
            pieces.append(_CONFUSED.get(letters, letters) if varied else letters)
        if sound.letters in ("i", "ī") and after == "e":
            pieces.append("y")
    return "".join(pieces).replace(_SCHWA, "a")
