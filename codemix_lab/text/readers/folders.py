"""Folders of splits: train, dev and test as files of their own, or what `datasets` saved to disk."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.readers import TABLE_SUFFIXES, read_table
from codemix_lab.text.readers.hub import from_splits, read_saved
from codemix_lab.text.splits import read_split


def read_folder(folder: Path) -> pd.DataFrame:
    """The tables of a folder as one frame with the column “split”.

    A folder written by `save_to_disk` is opened by `datasets`; else every file that says train, dev
    (val, validation) or test in its name is read, also in a folder `data` inside. Raises
    `DataError` when neither is there.
    """
    if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
        return read_saved(folder)
    inside = [folder / "data"] if (folder / "data").is_dir() else []
    try:
        files = [path for where in (folder, *inside) for path in sorted(where.iterdir())]
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror}).") from error
    tables = [
        path for path in files if path.is_file() and path.name.lower().endswith((*TABLE_SUFFIXES, ".conllu"))
    ]
    named = [(split, path) for path in tables if (split := split_of(path.name)) is not None]
    if not named and len(tables) == 1:
        return read_table(tables[0])
    if not named:
        raise DataError(
            f"{folder} is a folder without files named train, dev or test, and without a saved dataset. "
            "Name a file inside it."
        )
    return from_splits([(split, read_table(path)) for split, path in named])


def split_of(file_name: str) -> str | None:
    """The split that a file's name says as a word of its own, or None.

    >>> split_of("train-00000-of-00001.parquet"), split_of("hi_validation.tsv"), split_of("training.txt")
    ('train', 'dev', 'train')
    >>> split_of("latest.tsv") is None
    True
    """
    words = re.split(r"[^a-z]+", file_name.lower())
    return next((split for word in words if (split := read_split(word)) is not None), None)
