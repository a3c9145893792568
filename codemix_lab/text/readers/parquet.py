"""Parquet, row group by row group; class labels that `datasets` saved as numbers get their names back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from codemix_lab.errors import DataError
from codemix_lab.text.readers.rows import CHUNK, as_text, clean, frame
from codemix_lab.text.readers.source import Source

LARGEST_PACKED = 1 << 30


def chunks(source: Source) -> Iterator[pd.DataFrame]:
    """The table in pieces. Raises `DataError` for a damaged file and one without columns or rows."""
    try:
        where = pa.BufferReader(source.whole(LARGEST_PACKED)) if source.gzipped else str(source.path)
        with pq.ParquetFile(where) as file:
            names = class_names(file.schema_arrow.metadata)
            if not file.metadata.num_rows or not file.schema_arrow.names:
                raise DataError(f"{source.path} is Parquet without rows.")
            done = 0
            for batch in file.iter_batches(batch_size=CHUNK):
                done += batch.num_rows
                source.consumed = source.size * done // file.metadata.num_rows
                yield as_strings(batch.to_pydict(), names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{source.path} is damaged Parquet ({str(error).strip()[:200]}). Fetch or save it again."
        ) from error


def as_strings(
    columns: Mapping[str, Sequence[object]], names: Mapping[str, Sequence[str]] | None = None
) -> pd.DataFrame:
    """Columns of any values as a frame of strings; `names` spells out the numbers of class labels."""
    names = names or {}
    cells = {
        clean(key): [_named(value, names[key]) if key in names else as_text(value, key) for value in values]
        for key, values in columns.items()
    }
    return frame(list(zip(*cells.values(), strict=True)), list(cells))


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """Names of class labels by column, as `datasets` keeps them in a schema's metadata."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return {
            key: list(map(str, feature["names"]))
            for key, feature in features.items()
            if feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _named(value: object, names: Sequence[str]) -> str:
    if isinstance(value, int) and 0 <= value < len(names):
        return clean(names[value])
    return "" if value in (None, -1) else str(value)
