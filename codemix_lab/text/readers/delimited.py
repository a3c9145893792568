"""Tables with a separator: CSV, TSV and their relatives, quoted or not, with a header or without."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.readers.rows import in_chunks, numbered
from codemix_lab.text.readers.source import LONGEST_LINE, Source

Row = tuple[int, list[str]]


def chunks(source: Source, delimiter: str, quoted: bool, header: bool) -> Iterator[pd.DataFrame]:
    """The table in pieces. Quoted as in RFC 4180, or a quote is an ordinary character.

    A column without a name becomes “column N”; blank lines are passed over. Raises `DataError`
    naming the line for a row of another length and for a quoted field that is never closed.
    """
    path = source.path
    rows = _quoted(path, source.lines(), delimiter) if quoted else _plain(source.lines(), delimiter)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} is empty.")
    names = numbered(len(first[1]))
    if header:
        names = [name.strip() or number for name, number in zip(first[1], names, strict=True)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError(f"{path}: the column “{twice[0]}” is there twice. Rename one of them.")
    empty = True
    for piece in in_chunks(_checked(path, rows, len(names), None if header else first), names):
        empty = False
        yield piece
    if empty:
        raise DataError(f"{path} has a first line and no rows under it.")


def _checked(path: Path, rows: Iterator[Row], width: int, first: Row | None) -> Iterator[list[str]]:
    if first is not None:
        yield first[1]
    for number, row in rows:
        if len(row) != width:
            raise DataError(
                f"{path}, line {number}: {_columns(len(row))} where the first line has {width}. "
                "Repair that line; in csv a text with commas is put in double quotes."
            )
        yield row


def _plain(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, line.removesuffix("\r").split(delimiter)


def _quoted(path: Path, lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), 2 * LONGEST_LINE))
    reader = csv.reader((f"{line}\n" for line in lines), strict=True, delimiter=delimiter)
    number = 1
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {number}: a quoted field is not closed properly ({error}). "
            'Write a quote inside a quoted field twice (""), or save the table as .tsv.'
        ) from error


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"
