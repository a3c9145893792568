"""What several seeds say together: means with intervals, and paired differences between starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from codemix_lab.errors import SpecError
from codemix_lab.evaluation.metrics import seed_interval

COLUMNS = ["start", "split", "n", "mean", "low", "high", "gain", "gain_low", "gain_high"]


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per start and split over the rows of `compare_starts`, in `COLUMNS`.

    `mean`, `low` and `high` are macro-F1 over `n` seeds with the 95 % interval of Student's t; `gain`
    and its interval are paired differences to the first start over the seeds that both have (same
    sentences, order and head, so the spread between seeds falls out). One seed has no interval: NaN.
    """
    rows: list[dict[str, Any]] = []
    starts = list(dict.fromkeys(frame["start"]))
    for split in dict.fromkeys(frame["split"]):
        part = frame[frame["split"] == split]
        scores = {start: part[part["start"] == start].set_index("seed")["macro_f1"] for start in starts}
        for start in starts:
            own = scores[start]
            if own.empty:
                continue
            mean, low, high = seed_interval(own.tolist())
            pairs = (own - scores[starts[0]]).dropna().tolist() if start != starts[0] else []
            gain, gain_low, gain_high = seed_interval(pairs) if pairs else (math.nan,) * 3
            values = (start, split, len(own), mean, low, high, gain, gain_low, gain_high)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS)


def means_by_split(table: pd.DataFrame) -> pd.DataFrame:
    """Columns split, macro_f1, low, high over seeds (NaN bounds for one seed), seeds; `table` has a row a seed.

    >>> means_by_split(pd.DataFrame({"split": ["dev"], "seed": [0], "macro_f1": [0.5]})).values.tolist()
    [['dev', 0.5, nan, nan, 1]]
    """
    rows = [
        (split, *seed_interval(list(group["macro_f1"])), len(group))
        for split, group in table.groupby("split", sort=False)
    ]
    return pd.DataFrame(rows, columns=["split", "macro_f1", "low", "high", "seeds"])


def check_seeds(seeds: Sequence[int]) -> None:
    """Raise `SpecError` for no or repeated seeds."""
    if not seeds or len(set(seeds)) < len(seeds):
        raise SpecError("give at least one seed, and each of them once.")
