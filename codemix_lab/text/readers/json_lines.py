"""JSONL: one object a line, read line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.readers.rows import records
from codemix_lab.text.readers.source import Source

DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
"""Numbers keep their spelling: a label 1.50 stays “1.50”, an id of 20 digits stays whole."""


def chunks(source: Source) -> Iterator[pd.DataFrame]:
    """The objects in pieces. Raises `DataError` naming the line that is no JSON object."""
    some = False
    for piece in records(_objects(source)):
        some = some or len(piece.columns) > 0
        yield piece
    if not some:
        raise DataError(f"{source.path} holds no object with a field.")


def _objects(source: Source) -> Iterator[dict[str, object]]:
    for number, line in enumerate(source.lines(), start=1):
        if not line.strip():
            continue
        try:
            value = DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{source.path}, line {number}: not valid JSON ({error}). Put one whole object on each line."
            ) from error
        if not isinstance(value, dict):
            raise DataError(
                f'{source.path}, line {number}: no object. Write lines like {{"text": "…", "label": "…"}}.'
            )
        yield value
