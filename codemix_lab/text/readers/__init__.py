"""Files of text into frames and lines. Whatever the bytes are, the answer is a result or a `DataError`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.readers import conll, delimited, json_document, json_lines, parquet, plain
from codemix_lab.text.readers.recognise import Format, Recognised, recognise
from codemix_lab.text.readers.source import Source

TABLE_SUFFIXES = tuple(
    f".{kind}{packed}"
    for packed in ("", ".gz")
    for kind in ("csv", "tsv", "jsonl", "json", "parquet", "txt", "conll")
)
"""Endings that pickers offer. Files are read by what is in them, whatever they are called."""

MOST_ROWS = 5_000_000


@dataclass(frozen=True)
class Table:
    """A file that was recognised; `chunks()` reads it piece by piece, from the start each time."""

    source: Source
    recognised: Recognised

    def chunks(
        self, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> Iterator[pd.DataFrame]:
        """Frames of strings of up to 20,000 rows; later ones may have more columns (JSONL).

        Progress is in bytes of the file. Raises `DataError` as `read_table` does, and `Cancelled`.
        """
        for piece in _read(self.source, self.recognised):
            raise_if_stopped(should_stop)
            report(on_progress, self.source.consumed, self.source.size, f"reading {self.source.path.name}")
            yield piece


def open_table(path: Path) -> Table:
    """Recognise a file by its content. Raises `DataError` when it is absent, empty or an archive."""
    source = Source(Path(path))
    return Table(source, recognise(source))


def read_table(
    path: Path, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
) -> pd.DataFrame:
    """Read any supported file (each also gzipped) into a frame whose columns are all strings.

    CSV, TSV, JSONL, JSON, Parquet, SentiMix and other CoNLL files, plain text: told apart by
    content. Numbers keep their spelling, null and absent values become "", nested JSON stays JSON.
    Blank lines are passed over. Rows keep the file's order under a RangeIndex.

    Raises `DataError` for anything that cannot be read, naming the file and, where there is one,
    the line, and for more than 5,000,000 rows (`open_table` streams those).
    """
    pieces, rows = [], 0
    for piece in open_table(path).chunks(on_progress, should_stop):
        pieces.append(piece)
        rows += len(piece)
        if rows > MOST_ROWS:
            raise DataError(
                f"{path} holds more than {MOST_ROWS:,} rows. Draw a part of it; `codemix-lab data check` "
                "profiles files of any size."
            )
    if len(pieces) == 1:
        return pieces[0]
    return pd.concat(pieces, ignore_index=True).fillna("").astype("str")


def read_lines(path: Path) -> list[str]:
    """Read a text file (also .gz) with one sentence a line; blank lines are passed over.

    Raises `DataError` as `read_table` does, also when no line holds text.
    """
    source = Source(Path(path))
    if not source.head().removeprefix(b"\xef\xbb\xbf").strip():
        raise DataError(f"{path} is empty.")
    lines = list(plain.lines(source))
    if not lines:
        raise DataError(f"{path} holds only blank lines. Put one sentence on each line.")
    return lines


def _read(source: Source, found: Recognised) -> Iterator[pd.DataFrame]:
    match found.format:
        case Format.CSV | Format.TSV:
            return delimited.chunks(source, found.delimiter, found.quoted, found.header)
        case Format.JSONL:
            return json_lines.chunks(source)
        case Format.JSON:
            return json_document.chunks(source)
        case Format.PARQUET:
            return parquet.chunks(source)
        case Format.SENTIMIX | Format.CONLL:
            return conll.chunks(source, meta=found.format is Format.SENTIMIX)
        case Format.TEXT:
            return plain.chunks(source)
