"""What every format's reader hands on: frames of strings, a piece of the file at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

CHUNK = 20_000
"""Rows in a piece: enough for pandas to be quick, few enough for a small machine."""

TOKEN_LISTS = ("tokens", "words")
"""Columns whose lists of words are joined by blanks, as the hub's token-level sets hold them."""

_NOT_IN_TEXT = re.compile("[\0\ud800-\udfff]")


def frame(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a frame whose columns are all strings."""
    return pd.DataFrame(rows, columns=list(columns), dtype="str")


def numbered(count: int) -> list[str]:
    """Names for columns that have none: “column 1”, “column 2” …"""
    return [f"column {place}" for place in range(1, count + 1)]


def in_chunks(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Frames of up to `CHUNK` rows each."""
    held: list[Sequence[str]] = []
    for row in rows:
        held.append(row)
        if len(held) == CHUNK:
            yield frame(held, columns)
            held = []
    if held:
        yield frame(held, columns)


def records(objects: Iterable[dict[str, object]]) -> Iterator[pd.DataFrame]:
    """Objects as frames; columns in the order in which they are first met, absent values ""."""
    columns: dict[str, None] = {}
    held: list[dict[str, str]] = []
    for value in objects:
        record = {clean(key): as_text(item, key) for key, item in value.items()}
        columns.update(dict.fromkeys(record))
        held.append(record)
        if len(held) == CHUNK:
            yield frame([[one.get(column, "") for column in columns] for one in held], list(columns))
            held = []
    if held:
        yield frame([[one.get(column, "") for column in columns] for one in held], list(columns))


def as_text(value: object, key: str = "") -> str:
    """A JSON value as the text of a cell: null is "", nested values stay JSON, lists of words are joined.

    >>> as_text(None), as_text(True), as_text(["ek", "do"]), as_text(["ek", "do"], "tokens")
    ('', 'true', '["ek", "do"]', 'ek do')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if key in TOKEN_LISTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return clean(" ".join(value))
    return clean(json.dumps(value, ensure_ascii=False, default=str))


def clean(text: str) -> str:
    """JSON escapes can spell NUL and half surrogate pairs, which no UTF-8 text holds."""
    plain = text.isascii() and "\0" not in text
    return text if plain else _NOT_IN_TEXT.sub("\ufffd", text)
