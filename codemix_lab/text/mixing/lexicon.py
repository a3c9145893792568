"""Bilingual word lists: the starter's own, and those of MUSE and Dakshina as they are distributed."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from codemix_lab.errors import DataError
from codemix_lab.text.mixing.spelling import stem
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.readers import read_lines, read_table
from codemix_lab.text.romanise import romanise
from codemix_lab.text.sources import STARTER
from codemix_lab.text.tagging.tokens import script_of

LEXICON = STARTER / "lexicon.tsv"
FUNCTION = "x"
"""Part of speech of the words that stay in the matrix language."""

_RANKS = {"r": 1, "d": 1, "v": 2}


@dataclass(frozen=True)
class Lexicon:
    """English words in lower case with their translations, best first, and parts of speech where known.

    Parts are n (noun), a (adjective), r (adverb), d (discourse word, as *but* and *please*), v (verb),
    x (function word).
    """

    entries: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, str] = field(default_factory=dict)

    def inverted(self) -> Lexicon:
        """From the other language to English."""
        turned: defaultdict[str, list[str]] = defaultdict(list)
        parts: dict[str, str] = {}
        for english, others in self.entries.items():
            for other in others:
                turned[other.lower()].append(english)
                if english in self.parts:
                    parts.setdefault(other.lower(), self.parts[english])
        return Lexicon({word: tuple(words) for word, words in turned.items()}, parts)

    def rank(self, word: str) -> int | None:
        """How early a word may be inserted: nouns and adjectives 0, adverbs and discourse words 1, verbs 2.

        None for function words and unknown ones.
        """
        if word not in self.entries or self.parts.get(word) == FUNCTION:
            return None
        return _RANKS.get(self.parts.get(word, ""), 0)

    def stems(self, language: str) -> dict[str, str]:
        """Stems of the words that may be inserted for, which are of `language`; the first of a stem counts."""
        found: dict[str, str] = {}
        for word in self.entries:
            if self.rank(word) is not None and (key := stem(word, language)):
                found.setdefault(key, word)
        return found

    def romanised(self, spellings: Mapping[str, tuple[str, ...]] | None = None) -> Lexicon:
        """Every translation in Latin letters: by the spellings given, else by rule for Hindi, else left out."""
        spellings = spellings or {}
        entries = {word: tuple(_latin(others, spellings)) for word, others in self.entries.items()}
        return Lexicon({word: others for word, others in entries.items() if others}, self.parts)


@functools.cache
def starter_lexicon(pair: str, native: bool = False) -> Lexicon:
    """The starter's list for a pair, in Latin letters; `native` gives Hindi in Devanagari.

    Raises `DataError` for a pair without one.
    """
    language = PAIRS[pair].languages[-1] if pair in PAIRS else ""
    table = read_table(LEXICON)
    if language not in table.columns:
        pairs = ", ".join(f"en-{column}" for column in table.columns if len(column) == 2)
        raise DataError(f"There is no starter lexicon of “{pair}”. Choose one of {pairs}.")
    entries: dict[str, tuple[str, ...]] = {}
    parts: dict[str, str] = {}
    for english, part, words in zip(table["english"], table["part"], table[language], strict=True):
        others = tuple(word.strip() for word in words.split("/") if word.strip())
        if others:
            entries[english] = others if native else tuple(romanise(other) for other in others)
            parts[english] = part
    return Lexicon(entries, parts)


def read_lexicon(path: Path) -> Lexicon:
    """A MUSE list: English and translation on each line, apart by a tab or blanks; several lines add up.

    The starter's parts of speech are taken over for words that it knows. Raises `DataError`.
    """
    entries: defaultdict[str, list[str]] = defaultdict(list)
    for number, (english, other) in _columns(path):
        if script_of(english) != "Latn":
            raise DataError(f"{path}, line {number}: “{english[:40]}” is not English. MUSE has it first.")
        entries[english.lower()].append(other)
    known = read_table(LEXICON)
    parts = dict(zip(known["english"], known["part"], strict=True))
    return Lexicon({word: tuple(others) for word, others in entries.items()}, parts)


def read_romanisations(path: Path) -> dict[str, tuple[str, ...]]:
    """A Dakshina list: native word and romanisation on each line, then maybe a count. Raises `DataError`."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for number, (native, latin) in _columns(path):
        if script_of(latin) != "Latn":
            raise DataError(
                f"{path}, line {number}: “{latin[:40]}” is not in Latin letters, as Dakshina has it."
            )
        found[native].append(latin)
    return {word: tuple(spellings) for word, spellings in found.items()}


def _columns(path: Path) -> Iterator[tuple[int, tuple[str, str]]]:
    for number, line in enumerate(read_lines(Path(path)), 1):
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) < 2 or not cells[0].strip() or not cells[1].strip():
            raise DataError(f"{path}, line {number}: two words were expected, and “{line[:60]}” was found.")
        yield number, (cells[0].strip(), cells[1].strip())


def _latin(words: tuple[str, ...], spellings: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for word in words:
        if word in spellings:
            yield spellings[word][0]
        elif script_of(word) == "Deva":
            yield romanise(word)
        elif script_of(word) == "Latn":
            yield word
