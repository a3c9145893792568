"""Which slots to switch so that a corpus comes out as mixed as was asked."""

from __future__ import annotations

import random
from collections.abc import Sequence

from codemix_lab.text.mixing.lattice import Slot, words_of

_TRIES = 10
_GAIN = 0.5
_SPREAD = 0.12
_MEMORY = 50


class Target:
    """Chooses slots sentence by sentence and steers the running means towards the target.

    The wanted index of a sentence is drawn around the target and corrected by what earlier sentences
    lack, so that the mean over a corpus comes out right although single sentences, as people's, differ.
    """

    def __init__(self, index: float, switch_rate: float | None, rng: random.Random) -> None:
        self._index, self._rate, self._rng = index, switch_rate, rng
        self._short = 0.0
        self._switches = self._places = 0

    def choose(self, slots: Sequence[Slot]) -> list[bool]:
        """For every slot whether it is switched. The matrix language keeps most words where it can."""
        sizes = [(words_of(slot.matrix), words_of(slot.other or ())) for slot in slots]
        able = [p for p, slot in enumerate(slots) if slot.other is not None and all(sizes[p])]
        want = self._wanted()
        best, best_cost, best_index, best_moves = [False] * len(slots), float("inf"), 0.0, (0, 0)
        for attempt in range(_TRIES if able and want > 0 else 1):
            chosen = (
                self._draw(slots, sizes, able, want, attempt % 2 == 0)
                if able and want > 0
                else [False] * len(slots)
            )
            index, switches, words, others = outcome(sizes, chosen)
            places = max(0, words - 1)
            cost = abs(index - want) + self._off(switches, places) + (2 * others > words)
            if cost < best_cost:
                best, best_cost, best_index, best_moves = chosen, cost, index, (switches, places)
        self._short += self._index - best_index
        self._switches += best_moves[0]
        self._places += best_moves[1]
        return best

    def _wanted(self) -> float:
        if self._index == 0:
            return 0.0
        drawn = self._rng.gauss(self._index, _SPREAD) + _GAIN * self._short
        return max(0.0, min(0.5, drawn))

    def _off(self, switches: int, places: int) -> float:
        if self._rate is None or not places:
            return 0.0
        short = self._rate * (self._places + places) - (self._switches + switches)
        return abs(short) / max(places, min(self._places + places, _MEMORY))

    def _draw(
        self,
        slots: Sequence[Slot],
        sizes: Sequence[tuple[int, int]],
        able: Sequence[int],
        want: float,
        together: bool,
    ) -> list[bool]:
        """Switch slots, neighbours first or anywhere, until the share of the other language is reached."""
        chosen = [False] * len(slots)
        words, others = sum(size for size, _ in sizes), 0
        start = self._rng.randrange(len(able))
        order = [*able[start:], *able[:start]] if together else self._rng.sample(able, len(able))
        for place in sorted(order, key=lambda p: slots[p].rank):
            mine, theirs = sizes[place]
            now, then = others / max(words, 1), (others + theirs) / max(words - mine + theirs, 1)
            if abs(then - want) > abs(now - want):
                continue
            chosen[place] = True
            words, others = words - mine + theirs, others + theirs
        return chosen


def outcome(sizes: Sequence[tuple[int, int]], chosen: Sequence[bool]) -> tuple[float, int, int, int]:
    """Index (CMI / 100), switch points, words and switched words of a choice; sizes are words by slot and side.

    >>> outcome([(2, 1), (1, 1), (1, 2)], [False, True, False])
    (0.25, 2, 4, 1)
    """
    words, others, switches, before = 0, 0, 0, None
    for (mine, theirs), switched in zip(sizes, chosen, strict=True):
        size = theirs if switched else mine
        if size == 0:
            continue
        words += size
        others += size if switched else 0
        switches += before is not None and before != switched
        before = switched
    return (min(others, words - others) / words if words else 0.0), switches, words, others
