"""Texts that stand twice, counted while they stream by: eight bytes a text, near ones in a fixed sample."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from codemix_lab.text.duplicates import near_duplicates, normalise
from codemix_lab.text.splits import SPLITS

KEPT = 50_000
"""Texts held for the near comparison; of more, those with the smallest hashes."""

_ORDER = ("", *SPLITS)
_RANGE = 1 << 64


class Twins:
    """Collects texts with their splits ("" for none) and counts which come again.

    Exact ones (after `normalise`) are told by 62 bits of a hash: among 10 million texts the chance of one
    false pair is about 1 in 100,000.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._most = kept
        self._keys = array("Q")
        self._below = _RANGE
        self._held: list[tuple[int, str, str, str]] = []

    def add(self, text: str, split: str, label: str = "") -> None:
        """One more text."""
        key = int.from_bytes(blake2b(normalise(text).encode(), digest_size=8).digest())
        self._keys.append(key & ~3 | _ORDER.index(split))
        if self._most and key < self._below:
            self._held.append((key, text, split, label))
            if len(self._held) > 2 * self._most:
                self._below = sorted(one[0] for one in self._held)[self._most]
                self._held = [one for one in self._held if one[0] < self._below]

    @property
    def complete(self) -> bool:
        """Whether every text is held."""
        return len(self._held) == len(self._keys)

    @property
    def checked(self) -> int:
        """How many texts the near comparison looks at."""
        return min(self._most, len(self._held))

    def kept(self) -> Iterator[tuple[str, str, str]]:
        """Text, split and label of every text that is held, in the order in which they came."""
        return ((text, split, label) for _, text, split, label in self._held)

    def sample(self) -> list[tuple[int, str, str, str]]:
        """Hash, text, split and label of the texts that nearness is looked for in: all, or a sample by hash."""
        return self._held if len(self._held) <= self._most else sorted(self._held)[: self._most]

    def exact(self) -> tuple[dict[str, int], dict[str, int]]:
        """Texts that stood in the same split before, by split; distinct texts in several splits, by those."""
        within: Counter[str] = Counter()
        across: Counter[str] = Counter()
        for group in self._several():
            met = Counter(group.tolist())
            for code, count in met.items():
                within[_ORDER[code] or "all"] += count - 1
            if len(met) > 1:
                across["+".join(_ORDER[code] or "none" for code in sorted(met))] += 1
        return {split: n for split, n in within.items() if n}, dict(across)

    def exact_leaks(self) -> int:
        """Train texts that stand in dev or test too."""
        train = _ORDER.index("train")
        return sum(
            int((group == train).sum())
            for group in self._several()
            if (group > train).any() and (group == train).any()
        )

    def near(self, threshold: float) -> tuple[dict[str, int], dict[str, int], int]:
        """As `exact` for texts that differ but are near (pairs across splits), and the near leaks of train."""
        held = self.sample()
        texts, splits = [one[1] for one in held], [one[2] for one in held]
        keys = [one[0] for one in held]
        within: dict[str, set[int]] = {}
        across: Counter[str] = Counter()
        leaking: set[int] = set()
        for first, second, _ in near_duplicates(texts, threshold):
            if keys[first] == keys[second]:
                continue
            one, other = splits[first], splits[second]
            if one == other:
                within.setdefault(one or "all", set()).add(second)
                continue
            across["+".join(split or "none" for split in sorted((one, other), key=_ORDER.index))] += 1
            leaking |= {place for place in (first, second) if splits[place] == "train"}
        return {split: len(found) for split, found in within.items()}, dict(across), len(leaking)

    def _several(self) -> Iterator[np.ndarray]:
        """The split codes of every text that is there more than once; the two lowest bits of a key hold them."""
        if not self._keys:
            return
        keys = np.sort(np.frombuffer(self._keys, dtype=np.uint64))
        again = np.flatnonzero((keys[1:] ^ keys[:-1]) < 4)
        for run in np.split(again, np.flatnonzero(np.diff(again) > 1) + 1) if len(again) else ():
            yield keys[run[0] : run[-1] + 2] & np.uint64(3)
