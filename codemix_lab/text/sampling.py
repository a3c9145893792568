"""Small subsets that look like the whole."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import pandas as pd

from codemix_lab.errors import DataError


def stratified_subset(frame: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
    """Draw exactly `size` rows (or all there are), proportional per label, at least one of every label.

    `frame` has the columns text and label; its row order and index are kept. The rows of a label
    are ranked by a hash of seed and text and each label is spread evenly over one line of all rows
    (systematic sampling), whose first `size` are taken. So with the same seed a smaller subset lies
    inside every larger one, and the order of the file does not matter.

    Raises `DataError` when there are fewer places than labels.
    """
    labels = frame["label"].nunique()
    if size < max(labels, 1):
        raise DataError(f"{size} sentences cannot hold {labels} labels. Draw at least {max(labels, 1)}.")
    if frame.empty:
        raise DataError("There is no sentence to draw from.")
    if size >= len(frame):
        return frame.copy()
    by_label: defaultdict[str, list[tuple[bytes, int]]] = defaultdict(list)
    for place, (text, label) in enumerate(zip(frame["text"], frame["label"], strict=True)):
        by_label[label].append((hashlib.sha256(f"{seed}\0{text}".encode()).digest(), place))
    line = []
    for members in by_label.values():
        for rank, (digest, place) in enumerate(sorted(members)):
            line.append((rank > 0, (rank + 0.5) / len(members), digest, place))
    return frame.iloc[sorted(place for *_, place in sorted(line)[:size])].copy()
