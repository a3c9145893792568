"""Whether a table's first row names its columns or is a row like the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from codemix_lab.text.columns import is_known_name

_NAME_LIKE = re.compile(r"[^\W\d][\w.#:/()-]*( [\w.#:/()-]+){0,2}")
_ALSO = frozenset(
    (
        "review",
        "post",
        "message",
        "body",
        "title",
        "stars",
        "rating",
        "score",
        "hate",
        "offensive",
        "annotation",
        "annotator",
        "gold",
        "value",
    )
)
_LANGUAGES = frozenset(
    [
        "english",
        "hindi",
        "spanish",
        "tamil",
        "malayalam",
        "hinglish",
        "spanglish",
        "tanglish",
        "en",
        "hi",
        "es",
        "ta",
        "ml",
        "source",
        "target",
        "src",
        "tgt",
        "native",
        "romanised",
        "romanized",
        "transliteration",
        "translation",
        "token",
        "tag",
        "lang",
    ]
)


def is_known_header(cells: Sequence[str]) -> bool:
    """Whether a row reads like column names and one of them is known.

    >>> is_known_header(["id", "Tweet_Text"]), is_known_header(["kya baat hai text me", "no"])
    (True, False)
    """
    names = [cell.strip() for cell in cells]
    known = [is_known_name(name) or name.casefold() in _ALSO for name in names]
    languages = all(named or name.casefold() in _LANGUAGES for name, named in zip(names, known, strict=True))
    return (any(known) or languages) and all(len(name.split()) <= 4 for name in names)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of the rows names the columns.

    It does when a name is known, or when all cells read like names and stand out against their
    columns: words over numbers, or one word over sentences beside labels that it is none of.
    """
    if not rows:
        return True
    first, body = [cell.strip() for cell in rows[0]], rows[1:]
    if is_known_header(first):
        return not _is_row_again(first, body)
    if not body:
        return True
    names = [cell for cell in first if cell]
    if not names or len(set(names)) < len(names) or not all(map(_NAME_LIKE.fullmatch, names)):
        return False
    stands_out = False
    for place, name in enumerate(first):
        column = [row[place].strip() for row in body if place < len(row)]
        if name in column:
            return False
        numbers = sum(bool(re.fullmatch(r"-?\d+([.,]\d+)?", cell)) for cell in column)
        repeats = len(column) >= 8 and len(set(column)) <= len(column) // 4
        sentences = bool(column) and median(len(cell.split()) for cell in column) >= 4
        stands_out |= numbers > 0.9 * len(column) or repeats
        if sentences and len(name.split()) > 2:
            return False
    return stands_out


def _is_row_again(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """A row whose every cell comes again in its column is no header, whatever it says."""
    return len(body) >= 8 and all(
        any(place < len(row) and row[place].strip() == cell for row in body)
        for place, cell in enumerate(first)
    )
