"""Sentences that stand twice: exact ones after normalising, near ones by shared word 3-grams."""

from __future__ import annotations

import math
import string
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

_EDGES = string.punctuation + "…“”‘’«»¿¡।॥–—"


class NearPair(NamedTuple):
    """Two positions, `first` < `second`, and the Jaccard similarity of their texts in (0, 1]."""

    first: int
    second: int
    jaccard: float


def normalise(text: str) -> str:
    """NFKC, case folded, runs of white space made one blank.

    >>> normalise("  Kya  BAAT\\thai ")
    'kya baat hai'
    """
    composed = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(composed.casefold().split())


def word_trigrams(text: str) -> frozenset[tuple[str, ...]]:
    """All runs of three words, punctuation at the words' edges left off; a shorter text is one run.

    >>> sorted(word_trigrams("Yeh movie, bahut acchi!"))
    [('movie', 'bahut', 'acchi'), ('yeh', 'movie', 'bahut')]
    """
    stripped = (word.strip(_EDGES) for word in normalise(text).split())
    words = tuple(word for word in stripped if word)
    if len(words) < 3:
        return frozenset([words] if words else [])
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def exact_duplicates(texts: Sequence[str]) -> list[tuple[int, ...]]:
    """Groups of positions whose texts are equal after `normalise`, each of two or more, in order."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        places[normalise(text)].append(place)
    return [tuple(group) for group in places.values() if len(group) > 1]


def near_duplicates(texts: Sequence[str], threshold: float = 0.6) -> list[NearPair]:
    """Every pair whose word 3-grams have a Jaccard similarity |A∩B| / |A∪B| ≥ `threshold` in (0, 1].

    Exact, and far from quadratic: an inverted index over each text's rarest 3-grams finds the
    candidates, because two sets this similar must share one of their |A| - ⌈t·|A|⌉ + 1 rarest
    elements (prefix filtering: Chaudhuri et al. 2006; Bayardo et al. 2007).
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold = {threshold} is out of range: choose above 0 and up to 1.")
    grams = [word_trigrams(text) for text in texts]
    frequency = Counter(gram for one in grams for gram in one)
    index: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    found: list[NearPair] = []
    for second, own in enumerate(grams):
        rarest = sorted(own, key=lambda gram: (frequency[gram], gram))
        prefix = rarest[: len(own) - math.ceil(threshold * len(own) - 1e-9) + 1]
        candidates = {first for gram in prefix for first in index[gram]}
        for first in sorted(candidates):
            shared = len(own & grams[first])
            jaccard = shared / (len(own) + len(grams[first]) - shared)
            if jaccard >= threshold:
                found.append(NearPair(first, second, jaccard))
        for gram in prefix:
            index[gram].append(second)
    return found


def across_splits(frame: pd.DataFrame) -> Counter[tuple[str, ...]]:
    """How many distinct texts (normalised) stand in more than one split, by the splits they stand in.

    `frame` has the columns split and text; the keys are like ("train", "test"), in the frame's order.
    """
    splits: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for split, text in zip(frame["split"], frame["text"], strict=True):
        splits[normalise(text)][split] = None
    order = {split: place for place, split in enumerate(frame["split"].unique())}
    met = (tuple(sorted(places, key=order.__getitem__)) for places in splits.values())
    return Counter(places for places in met if len(places) > 1)
