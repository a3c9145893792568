"""What can be switched in one sentence: slots that each have a form in the matrix and in the other language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codemix_lab.text.mixing.lexicon import Lexicon
from codemix_lab.text.mixing.spelling import stem
from codemix_lab.text.tagging.tokens import is_word, tokenise

BY_STEM, ALIGNED = 3, 4
"""Ranks after those of the lexicon: words known by their stem only, and stretches of the parallel sentence."""


@dataclass(frozen=True)
class Slot:
    """A stretch of tokens in the matrix language, and what may stand in its place; None where nothing may.

    `rank` orders the choices: a slot is taken when those of lower rank do not reach the target.
    """

    matrix: tuple[str, ...]
    other: tuple[str, ...] | None = None
    rank: int = 0


def insertion_slots(
    tokens: Sequence[str], lexicon: Lexicon, language: str = "en", stems: Mapping[str, str] | None = None
) -> list[Slot]:
    """One slot a token of `language`; content words the lexicon knows can be replaced, function words never.

    `stems` are those of `lexicon.stems(language)`: words known by their stem alone come later.

    That is the system morpheme principle of the matrix language frame (Myers-Scotton, *Duelling
    Languages*, 1993), simplified to lists of words: no inflection is carried over, and verbs come last.

    >>> known = Lexicon({"water": ("pani",), "the": ("",)}, {"water": "n", "the": "x"})
    >>> [slot.other for slot in insertion_slots(["The", "water"], known)]
    [None, ('pani',)]
    """
    slots = []
    for token in tokens:
        known = token.lower()
        rank = lexicon.rank(known)
        if stems and known not in lexicon.entries and (near := stems.get(stem(known, language))):
            known, rank = near, BY_STEM
        if rank is None:
            slots.append(Slot((token,)))
        else:
            slots.append(Slot((token,), tuple(tokenise(lexicon.entries[known][0])), rank))
    return slots


def alternation_slots(
    matrix: Sequence[str], other: Sequence[str], links: Sequence[tuple[int, int]]
) -> list[Slot]:
    """The smallest stretches between points that no link crosses: both languages have the same order there.

    This is the equivalence constraint (Poplack, *Sometimes I'll start a sentence in Spanish*, 1980),
    simplified: order is that of linked words, without a parse. A stretch without words on one side
    joins the one before. Links are (place in `matrix`, place in `other`).

    >>> alternation_slots(["I", "drink", "tea"], ["main", "chai", "peeta"], [(0, 0), (1, 2), (2, 1)])
    [Slot(matrix=('I',), other=('main',), rank=0), Slot(matrix=('drink', 'tea'), other=('chai', 'peeta'), rank=0)]
    """
    slots: list[Slot] = []
    start = other_start = 0
    ordered = sorted(links)
    for before in range(len(ordered)):
        last = before + 1 == len(ordered)
        reach = max(there for _, there in ordered[: before + 1])
        if not last and reach > min(there for _, there in ordered[before + 1 :]):
            continue
        if not last and ordered[before][0] == ordered[before + 1][0]:
            continue
        end = len(matrix) if last else ordered[before][0] + 1
        other_end = len(other) if last else reach + 1
        slots.append(Slot(tuple(matrix[start:end]), tuple(other[other_start:other_end])))
        start, other_start = end, other_end
    return slots or [Slot(tuple(matrix))]


def words_of(tokens: Sequence[str]) -> int:
    """How many tokens are words."""
    return sum(map(is_word, tokens))
