"""Which words of two parallel sentences belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from codemix_lab.text.mixing.lexicon import Lexicon
from codemix_lab.text.mixing.spelling import spelling_key
from codemix_lab.text.tagging.tokens import is_word

MOST_PAIRS = 10_000
_LEAST = 0.12
_LISTED = 1.0
_ORDER = 0.15


class Aligner:
    """Links words by a lexicon, by equal spelling, and by how often they are met together (Dice).

    Links are one to one and made best first (competitive linking, Melamed, *Models of Translational
    Equivalence among Words*, 2000); places near the diagonal win ties.
    """

    def __init__(self, lexicon: Lexicon, seen: Iterable[tuple[Sequence[str], Sequence[str]]] = ()) -> None:
        self._listed = {
            (english, spelling_key(word)) for english, others in lexicon.entries.items() for word in others
        }
        self._together: Counter[tuple[str, str]] = Counter()
        self._first: Counter[str] = Counter()
        self._second: Counter[str] = Counter()
        for number, (english, other) in enumerate(seen):
            if number == MOST_PAIRS:
                break
            one = {token.lower() for token in english if is_word(token)}
            two = {token.lower() for token in other if is_word(token)}
            self._first.update(one)
            self._second.update(two)
            self._together.update((a, b) for a in one for b in two)

    def links(self, english: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
        """Pairs of places, English first, in the order of the English words."""
        scored = []
        keys = [spelling_key(token) for token in other]
        for i, a in enumerate(english):
            for j, b in enumerate(other):
                score = self._score(a.lower(), b.lower(), keys[j])
                if score >= _LEAST:
                    apart = abs((i + 0.5) / len(english) - (j + 0.5) / len(other))
                    scored.append((score - _ORDER * apart, i, j))
        scored.sort(key=lambda one: (-one[0], one[1], one[2]))
        taken_1: set[int] = set()
        taken_2: set[int] = set()
        found = []
        for _, i, j in scored:
            if i not in taken_1 and j not in taken_2:
                taken_1.add(i)
                taken_2.add(j)
                found.append((i, j))
        return sorted(found)

    def _score(self, a: str, b: str, key: str) -> float:
        if a == b or (a, key) in self._listed:
            return _LISTED
        together = self._together.get((a, b), 0)
        if together < 3 or not is_word(a) or not is_word(b):
            return 0.0
        return 2 * together / (self._first[a] + self._second[b])
