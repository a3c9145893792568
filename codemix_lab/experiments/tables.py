"""A table as a file: to take away, or to be found again."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from codemix_lab import paths
from codemix_lab.errors import SpecError

_log = logging.getLogger(__name__)

FORMATS = {
    "csv": ("CSV", "text/csv"),
    "jsonl": ("JSONL", "application/x-ndjson"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
}


def as_bytes(table: pd.DataFrame, ending: str) -> bytes:
    """The table as csv (UTF-8 with a byte-order mark, formulas made harmless), jsonl or parquet.

    Raises `SpecError` for another ending.

    >>> as_bytes(pd.DataFrame({"text": ["=1+1"]}), "csv").decode("utf-8-sig").splitlines()
    ['text', "'=1+1"]
    """
    if ending == "csv":
        safe = table.map(harmless).rename(columns=harmless)
        return str(safe.to_csv(index=False, lineterminator="\r\n")).encode("utf-8-sig")
    if ending == "jsonl":
        return table.to_json(orient="records", lines=True, force_ascii=False).encode()
    if ending == "parquet":
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        return buffer.getvalue()
    raise SpecError(f"A table is not written as “{ending}”: choose one of {', '.join(FORMATS)}.")


def harmless(value: object) -> object:
    """A text that no spreadsheet runs as a formula; anything that is no text stays as it is.

    >>> harmless("=1+1"), harmless("good film"), harmless(-0.5)
    ("'=1+1", 'good film', -0.5)
    """
    dangerous = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if dangerous else value


def kept_table(path: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The Parquet table at `path`, or what `make` gives, kept there; a damaged file is made again."""
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, ArrowException) as error:
        _log.warning("%s is damaged (%s) and is made again.", path, error)
    made = make()
    with paths.new_file(path) as beside:
        made.to_parquet(beside, index=False)
    return made
