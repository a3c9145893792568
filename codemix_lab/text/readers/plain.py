"""Running text: one sentence a line."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.readers.rows import in_chunks
from codemix_lab.text.readers.source import Source


def lines(source: Source) -> Iterator[str]:
    """The lines that are not blank, without white space at their ends."""
    return (stripped for line in source.lines() if (stripped := line.strip()))


def chunks(source: Source) -> Iterator[pd.DataFrame]:
    """The lines in pieces, as the column “text”. Raises `DataError` when all are blank."""
    empty = True
    for piece in in_chunks(([line] for line in lines(source)), ["text"]):
        empty = False
        yield piece
    if empty:
        raise DataError(f"{source.path} holds only blank lines. Put one sentence on each line.")
