"""What a file is, told by its first megabyte; its name only settles what the content leaves open."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from codemix_lab.errors import DataError
from codemix_lab.text.columns import is_known_name
from codemix_lab.text.readers.conll import COMMENT, META
from codemix_lab.text.readers.encoding import SPOKEN, UTF8
from codemix_lab.text.readers.header import has_header, is_known_header
from codemix_lab.text.readers.separators import best_separator, is_quoted, split_rows
from codemix_lab.text.readers.source import HEAD, UTF8_BOM, Source

SAMPLE = 2_000
_MOST_COLUMNS = 12
_REFUSED = {
    b"PK\x03\x04": "a zip archive or spreadsheet. Unpack it, or save the table as CSV",
    b"BZh": "compressed with bzip2. Unpack it with bunzip2, or compress it with gzip",
    b"\xfd7zXZ": "compressed with xz. Unpack it with unxz, or compress it with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd. Unpack it with unzstd, or compress it with gzip",
    b"%PDF": "a PDF. Save its text",
    b"\xd0\xcf\x11\xe0": "an old office document. Save the table as CSV",
}


class Format(StrEnum):
    """The kinds of file that are read."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    JSON = "json"
    PARQUET = "parquet"
    SENTIMIX = "sentimix"
    CONLL = "conll"
    TEXT = "text"


@dataclass(frozen=True)
class Recognised:
    """What a file was taken for; delimiter, quoting and header matter for CSV and TSV only."""

    format: Format
    gzipped: bool = False
    delimiter: str = ""
    quoted: bool = False
    header: bool = True
    encoding: str = UTF8

    def said(self) -> str:
        """In words, for the screen.

        >>> Recognised(Format.TSV, True, chr(9), False, False).said()
        'TSV without quoting, without header, gzipped'
        """
        kind = {
            Format.CSV: f"CSV (“{self.delimiter}”)",
            Format.TSV: "TSV",
            Format.SENTIMIX: "SentiMix CoNLL",
            Format.CONLL: "CoNLL (one token a line)",
            Format.TEXT: "plain text, one sentence a line",
            Format.PARQUET: "Parquet",
        }.get(self.format, self.format.upper())
        if self.delimiter:
            kind += " quoted" if self.quoted else " without quoting"
            kind += ", with header" if self.header else ", without header"
        if self.encoding != UTF8:
            kind += f", in {SPOKEN[self.encoding]}"
        return kind + (", gzipped" if self.gzipped else "")


def recognise(source: Source) -> Recognised:
    """Tell format and encoding of a file by its content. Raises `DataError` for archives and empty files."""
    return replace(_recognised(source), encoding=source.encoding)


def _recognised(source: Source) -> Recognised:
    head = source.head()
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise DataError(f"{source.path} is {what}.")
    if head.startswith(b"PAR1"):
        return Recognised(Format.PARQUET, source.gzipped)
    if not head.removeprefix(UTF8_BOM).strip():
        raise DataError(f"{source.path} is empty.")
    cut = len(head) >= HEAD
    text = head.decode("utf-8", errors="replace").removeprefix("\ufeff")
    whole = text.split("\n")
    lines = [line.removesuffix("\r") for line in (whole[:-1] if cut and len(whole) > 1 else whole)][:SAMPLE]
    hint = _hint(source.path.name)
    if kind := _json(text, lines, hint, cut):
        return Recognised(kind, source.gzipped)
    if kind := _conll(lines, hint):
        return Recognised(kind, source.gzipped)
    return _table(lines, hint, source.gzipped)


def _hint(name: str) -> str:
    ending = name.lower().removesuffix(".gz").rpartition(".")[2]
    return {"ndjson": "jsonl", "tab": "tsv", "conllu": "conll"}.get(ending, ending)


def _json(text: str, lines: Sequence[str], hint: str, cut: bool) -> Format | None:
    body = text.lstrip()
    first = next((line for line in lines if line.strip()), "")
    value = _parsed(first)
    if body.startswith("{"):
        alone = not cut and sum(bool(line.strip()) for line in lines) == 1
        if isinstance(value, dict):
            nested = any(isinstance(item, (list, dict)) for item in value.values())
            return Format.JSON if alone and nested and hint != "jsonl" else Format.JSONL
        if hint == "jsonl":
            return Format.JSONL
        return Format.JSON if hint == "json" or body[1:].lstrip()[:1] == '"' else None
    if body.startswith("["):
        opens = body[1:].lstrip()[:1]
        if opens == "{" or (opens in '["' and (hint == "json" or isinstance(_parsed(body), list))):
            return Format.JSON
    return {"jsonl": Format.JSONL, "json": Format.JSON}.get(hint) if body.startswith(("[", "{")) else None


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _conll(lines: Sequence[str], hint: str) -> Format | None:
    filled = [line for line in lines if line.strip() and not (COMMENT.match(line) and "\t" not in line)]
    if not filled:
        return None
    if META.match(filled[0]) and (len(filled) == 1 or not META.match(filled[1])):
        return Format.SENTIMIX
    tabbed = any("\t" in line for line in filled)
    rows = [line.split("\t") if tabbed else line.split() for line in filled]
    inner = sum(not line.strip() and bool(after.strip()) for line, after in itertools.pairwise(lines))
    if hint == "conll":
        return Format.CONLL
    if len(rows) < 4 or not inner or len(rows) < 2 * inner:
        return None
    width, often = Counter(map(len, rows)).most_common(1)[0]
    one_word = sum(" " not in row[0].strip() for row in rows)
    tags = {row[-1] for row in rows if len(row) == width}
    regular = 2 <= width <= _MOST_COLUMNS and often >= 0.99 * len(rows)
    named = is_known_name(rows[0][0]) and is_known_name(rows[0][-1])
    if not regular or one_word < 0.98 * len(rows) or named:
        return None
    return Format.CONLL if tabbed or len(tags) <= max(2, len(rows) // 4) else None


def _table(lines: Sequence[str], hint: str, gzipped: bool) -> Recognised:
    filled = [line for line in lines if line.strip()]
    delimiter = best_separator(lines, filled, hint)
    if not delimiter:
        lone = hint in ("csv", "tsv") and bool(filled) and is_known_header([filled[0].strip().strip('"')])
        if not lone:
            return Recognised(Format.TEXT, gzipped)
        delimiter = "," if hint == "csv" else "\t"
    quoted = delimiter != "\t" or is_quoted(lines, delimiter)
    rows = split_rows(lines, delimiter, quoted)
    kind = Format.TSV if delimiter == "\t" else Format.CSV
    return Recognised(kind, gzipped, delimiter, quoted, has_header(rows))
