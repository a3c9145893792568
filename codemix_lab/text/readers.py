"""Files of text into frames and lines. Whatever the bytes are, the answer is a result or a `DataError`."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import json
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from codemix_lab.errors import DataError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".csv.gz", ".tsv.gz", ".jsonl.gz")

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UTF16_ADVICE = "If it was saved as “Unicode” (UTF-16), convert it with: iconv -f UTF-16 -t UTF-8 OLD > NEW"
_NOT_IN_TEXT = re.compile("[\0\ud800-\udfff]")
_LARGEST_CSV_FIELD = 2**31 - 1


def read_table(path: Path) -> pd.DataFrame:
    """Read a csv, tsv or jsonl file (each also .gz) into a frame whose columns are all strings.

    The first line of csv and tsv names the columns; a column without a name becomes “column N”.
    Csv is quoted (RFC 4180); in tsv a quote is an ordinary character. In jsonl each line is one
    object: numbers keep their spelling, null and absent keys become "", nested values stay JSON.
    Lines that are blank are passed over. Rows keep the file's order under a RangeIndex.

    Raises `DataError` for anything that cannot be read, naming the file and, where there is one, the line.
    """
    path = Path(path)
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind == "jsonl":
        return _read_jsonl(path, read_text(path))
    if kind not in ("csv", "tsv"):
        raise DataError(f"{path}: this kind of file cannot be read. Use one of {', '.join(TABLE_SUFFIXES)}.")
    text = read_text(path)
    rows = _csv_rows(path, text) if kind == "csv" else _tsv_rows(text)
    return _rectangle(path, rows)


def read_lines(path: Path) -> list[str]:
    """Read a text file (also .gz) with one sentence a line; blank lines are passed over.

    Raises `DataError` as `read_table` does, also when no line holds text.
    """
    path = Path(path)
    lines = [line.strip() for line in read_text(path).split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        raise DataError(f"{path} holds only blank lines. Put one sentence on each line.")
    return lines


def read_text(path: Path) -> str:
    """The whole file as text: gzip undone (told by content, not by name), UTF-8, byte order mark removed."""
    data = _read_bytes(path)
    if data.startswith(_UTF16_BOMS):
        raise DataError(f"{path} is not UTF-8: it starts with a UTF-16 byte order mark. {_UTF16_ADVICE}")
    if not data.removeprefix(_UTF8_BOM).strip():
        raise DataError(f"{path} is empty.")
    at = data.find(b"\0")
    if at >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise DataError(f"{path}, line {line}: byte {at:,} is a NUL; this is no plain text. {_UTF16_ADVICE}")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte {error.start:,} (0x{data[error.start]:02x}) is not UTF-8. "
            "If the file is Windows-1252, convert it with: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"
        ) from error


def _read_bytes(path: Path) -> bytes:
    if os.path.isdir(path):
        raise DataError(f"{path} is a folder. Name a file inside it.")
    if not os.path.isfile(path):
        raise DataError(f"{path} does not exist or is no ordinary file.{_nearest(path)}")
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: the gzip data is cut short or damaged. Fetch or compress the file again."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error


def _nearest(path: Path) -> str:
    try:
        beside = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except (OSError, ValueError):
        return ""
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _tsv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r").split("\t")


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    longest = min(len(text) + 1, _LARGEST_CSV_FIELD)
    csv.field_size_limit(max(csv.field_size_limit(), longest))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
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


def _rectangle(path: Path, rows: Iterator[tuple[int, list[str]]]) -> pd.DataFrame:
    _, first = next(rows, (1, []))
    header = [name.strip() or f"column {place}" for place, name in enumerate(first, start=1)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the column “{twice[0]}” is there twice. Rename one of them.")
    body: list[list[str]] = []
    for number, row in rows:
        if len(row) != len(header):
            raise DataError(
                f"{path}, line {number}: {_columns(len(row))} where the first line has {len(header)}. "
                "Repair that line; in csv a text with commas is put in double quotes."
            )
        body.append(row)
    if not body:
        raise DataError(f"{path} has a first line and no rows under it.")
    return pd.DataFrame(body, columns=header, dtype="str")


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _read_jsonl(path: Path, text: str) -> pd.DataFrame:
    records: list[dict[str, str]] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}, line {number}: not valid JSON ({error}). Put one whole object on each line."
            ) from error
        if not isinstance(value, dict):
            raise DataError(
                f'{path}, line {number}: no object. Write lines like {{"text": "…", "label": "…"}}.'
            )
        record = {_clean(key): _as_text(item) for key, item in value.items()}
        columns.update(dict.fromkeys(record))
        records.append(record)
    if not columns:
        raise DataError(f"{path} holds no object with a field.")
    rows = [[record.get(column, "") for column in columns] for record in records]
    return pd.DataFrame(rows, columns=list(columns), dtype="str")


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return _clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _clean(text: str) -> str:
    """JSON escapes can spell NUL and half surrogate pairs, which no UTF-8 text holds."""
    return _NOT_IN_TEXT.sub("\ufffd", text)
