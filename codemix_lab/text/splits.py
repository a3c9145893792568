"""Train, dev and test: reading the names files use, and making the splits when a file has none."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from codemix_lab.text.duplicates import normalise

SPLITS = ("train", "dev", "test")

_SPELLINGS = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "development": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "test": "test",
}


def read_split(value: str) -> str | None:
    """The split a value stands for, or None.

    >>> [read_split(value) for value in ("Train", "validation", " test ", "3")]
    ['train', 'dev', 'test', None]
    """
    return _SPELLINGS.get(value.strip().casefold())


def made_splits(texts: Sequence[str], labels: Sequence[str]) -> list[str]:
    """One split for each row, 80/10/10 within every label, decided by a hash of the text alone.

    Row order does not matter, and equal texts (normalised, also under different labels) stay in
    one split. A label with at least three distinct texts has one in every split; with fewer, all
    of them are train.
    """
    label_of: dict[str, str] = {}
    keys = [normalise(text) for text in texts]
    for key, label in zip(keys, labels, strict=True):
        label_of[key] = min(label, label_of.get(key, label))
    by_label: defaultdict[str, list[str]] = defaultdict(list)
    for key, label in label_of.items():
        by_label[label].append(key)
    split_of: dict[str, str] = {}
    for members in by_label.values():
        members.sort(key=lambda key: hashlib.sha256(key.encode()).digest())
        part = max(1, round(len(members) / 10)) if len(members) >= 3 else 0
        for place, key in enumerate(members):
            split_of[key] = "dev" if place < part else "test" if place < 2 * part else "train"
    return [split_of[key] for key in keys]
