"""Data sets of the hub and saved ones, through the `datasets` library; its local cache is honoured."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.readers.parquet import as_strings
from codemix_lab.text.splits import read_split

_ID = re.compile(r"(?:hub:)?([\w-][\w.-]*/[\w-][\w.-]*)(?::([\w.-]+))?(?:@([\w./-]+))?")


def is_hub_id(source: str) -> bool:
    """Whether a string can be a data set's id on the hub: owner/name[:config][@revision].

    >>> is_hub_id("cardiffnlp/tweet_sentiment_multilingual:english"), is_hub_id("../no/such"), is_hub_id("en-hi")
    (True, False, False)
    """
    return _ID.fullmatch(source) is not None


def read_hub(source: str) -> pd.DataFrame:
    """All splits of a data set as one frame of strings with the column “split”.

    Raises `DataError` when the id is unknown, needs code of its own, or is neither reachable nor in
    the local cache.
    """
    import datasets
    from datasets.exceptions import DatasetsError

    found = _ID.fullmatch(source)
    if found is None:
        raise DataError(f"“{source}” is no hub id: write owner/name, owner/name:config, or …@revision.")
    name, config, revision = found.groups()
    try:
        loaded = datasets.load_dataset(name, config, revision=revision)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, DatasetsError) as error:
        said = str(error).strip().split("\n")[0][:300]
        offline = isinstance(error, ConnectionError) or "cache" in said.lower()
        why = (
            "the hub cannot be reached from here (no network, or HF_HUB_OFFLINE is set) and it is not in the "
            "local cache. Open it once with a network, or download its files and name them"
            if offline
            else said or type(error).__name__
        )
        raise DataError(f"The data set {source} does not open: {why}.") from error
    return _split_up(loaded, source)


def read_saved(folder: Path) -> pd.DataFrame:
    """What `save_to_disk` wrote, as one frame of strings with the column “split” where it has splits."""
    import datasets
    from datasets.exceptions import DatasetsError

    try:
        loaded = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, DatasetsError) as error:
        said = str(error).strip()[:200]
        raise DataError(f"{folder} is a damaged dataset ({said}). Save it again.") from error
    return _split_up(loaded, str(folder))


def from_splits(parts: Iterable[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """Tables of single splits as one, with the column “split” first."""
    pieces = []
    for split, table in parts:
        own = table.drop(columns=[column for column in table.columns if column == "split"])
        own.insert(0, "split", split)
        pieces.append(own)
    return pd.concat(pieces, ignore_index=True).fillna("").astype("str")


def _split_up(loaded: Any, source: str) -> pd.DataFrame:
    import datasets

    if isinstance(loaded, datasets.Dataset):
        return _frame(loaded)
    known = [(split, loaded[name]) for name in loaded if (split := read_split(str(name))) is not None]
    if not known:
        raise DataError(
            f"{source} has the splits {', '.join(map(str, loaded))} and none of train, dev (validation) or test."
        )
    return from_splits((split, _frame(part)) for split, part in known)


def _frame(part: Any) -> pd.DataFrame:
    names = {
        column: list(feature.names)
        for column, feature in part.features.items()
        if type(feature).__name__ == "ClassLabel"
    }
    return as_strings(part.to_dict(), names)
