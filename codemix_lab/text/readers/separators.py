"""Which character separates the columns, and whether fields are quoted."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from codemix_lab.text.readers.header import is_known_header

_OTHERS = (",", ";", "|")
_ENOUGH_ROWS = 20


def best_separator(lines: Sequence[str], filled: Sequence[str], hint: str) -> str:
    """The separator, or "" for running text.

    A tab in nearly every line settles it. Commas, semicolons and bars stand in running text too:
    without the name's help they count only where all rows have as many and the first one names
    columns, or where twenty rows and more agree.
    """
    if not filled:
        return ""
    tabs = sum("\t" in line for line in filled)
    first = filled[0].split("\t")
    if "\t" in filled[0] and (tabs >= 0.9 * len(filled) or hint == "tsv" or is_known_header(first)):
        return "\t"
    if hint == "csv":
        found = {mark: split_rows(lines, mark, quoted=True) for mark in _OTHERS}
        usable = [mark for mark, rows in found.items() if rows and len(rows[0]) > 1]
        return max(usable, key=lambda mark: _evenness(found[mark])) if usable else ""
    for mark in _OTHERS:
        rows = split_rows(lines, mark, quoted=True)
        if len(rows) < 2 or len(rows[0]) < 2 or _evenness(rows) < 1:
            continue
        if is_known_header(rows[0]) or (len(rows) >= _ENOUGH_ROWS and _repeats(rows)):
            return mark
    return ""


def is_quoted(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a tab-separated table uses quotes, which in most corpora are ordinary characters.

    It does when reading it so gives even rows without an error, and either it gives even rows no
    other way, or some column is quoted throughout, or a quoted field holds a doubled quote.

    >>> is_quoted(['text\\tlabel', '"ek ""do"" teen"\\ta', 'chaar\\tb'], '\\t')
    True
    >>> is_quoted(['text\\tlabel', '"dil se\\ta', 'kya" baat\\tb'], '\\t')
    False
    """
    if not any(f'{mark}"' in f"\n{line}" for line in lines for mark in ("\n", delimiter)):
        return False
    quoted = split_rows(lines, delimiter, quoted=True)
    if not quoted or _evenness(quoted) < 1:
        return False
    bare = split_rows(lines, delimiter, quoted=False)
    if _evenness(bare) < 1:
        return True
    for column in zip(*bare[1:], strict=True):
        marked = [cell for cell in column if len(cell) > 1 and cell[0] == cell[-1] == '"']
        if any('""' in cell[1:-1] for cell in marked) or (len(marked) == len(column) > 1):
            return True
    return False


def split_rows(lines: Sequence[str], delimiter: str, quoted: bool) -> list[list[str]]:
    """The sample as rows, blank lines left out; [] when it cannot be read as quoted.

    A quoted field that the sample's end cuts through is left out with its row.
    """
    if not quoted:
        return [line.split(delimiter) for line in lines if line.strip()]
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader((f"{line}\n" for line in lines), strict=True, delimiter=delimiter))
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return rows if delimiter != "\t" else []
    return [row for row in rows if row and (len(row) > 1 or row[0].strip())]


def _evenness(rows: Sequence[Sequence[str]]) -> float:
    """Share of rows that have the commonest number of columns, 0 where that is one."""
    if not rows:
        return 0.0
    width, often = Counter(map(len, rows)).most_common(1)[0]
    return often / len(rows) if width > 1 else 0.0


def _repeats(rows: Sequence[Sequence[str]]) -> bool:
    """Whether some column holds few values many times, as labels and splits do."""
    return any(len(set(column)) <= len(column) // 4 for column in zip(*rows, strict=True))
