"""JSON as one document: rows, columns, or splits, in the shapes that people save them in."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.readers.json_lines import DECODER
from codemix_lab.text.readers.rows import numbered, records
from codemix_lab.text.readers.source import UTF8_BOM, Source

LARGEST = 512 << 20

_SHAPES = (
    "a list of objects, a list of texts, a list of rows, an object of columns, "
    "or an object of splits that hold lists"
)


def chunks(source: Source) -> Iterator[pd.DataFrame]:
    """The document's rows in pieces; splits become the column “split”.

    Raises `DataError` for a document over 512 MB, one that is no JSON, and a shape that is no table.
    """
    data = source.whole(LARGEST)
    try:
        text = data.removeprefix(UTF8_BOM).decode("utf-8")
        value = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source.path}: not valid JSON ({error}).") from error
    rows = list(_rows(value))
    if not rows or not any(rows):
        raise DataError(f"{source.path} is JSON but no table. Save {_SHAPES}.")
    yield from records(rows)


def _rows(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from _listed(value)
    elif isinstance(value, dict):
        lists = {key: item for key, item in value.items() if isinstance(item, list)}
        maps = [item for item in value.values() if isinstance(item, dict)]
        if lists and all(item and all(isinstance(row, dict) for row in item) for item in lists.values()):
            for split, items in lists.items():
                yield from ({"split": split, **row} if len(lists) > 1 else row for row in items)
        elif lists and len({len(item) for item in lists.values()}) == 1:
            for cells in zip(*lists.values(), strict=True):
                yield dict(zip(lists, cells, strict=True))
        elif maps and len(maps) == len(value):
            yield from _nested(value)
        else:
            yield value


def _listed(value: list[object]) -> Iterator[dict[str, object]]:
    for item in value:
        if isinstance(item, dict):
            yield item
        elif isinstance(item, list):
            yield dict(zip(numbered(len(item)), item, strict=True))
        elif item is not None:
            yield {"text": item}


def _nested(value: dict[str, dict[str, object]]) -> Iterator[dict[str, object]]:
    """Column → row → cell, as pandas saves a frame by default, or row → column → cell."""
    keys = [tuple(inner) for inner in value.values()]
    by_column = len(set(keys)) == 1 and all(str(key).isdigit() for key in keys[0])
    if by_column:
        for row in keys[0]:
            yield {column: inner[row] for column, inner in value.items()}
    else:
        yield from value.values()
