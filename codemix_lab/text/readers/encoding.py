"""Which encoding a text file is in: UTF-8, what a byte order mark says, else Windows-1252 where that is likely."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

UTF8 = "utf-8"
WINDOWS = "cp1252"

SPOKEN = {UTF8: "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32", WINDOWS: "Windows-1252"}
"""Encodings by the names that people know."""

_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_ACCENTED = re.compile("[ÁÉÍÓÚÜÑÇÀÈÌÒÙÂÊÎÔÛÄËÏÖáéíóúüñçàèìòùâêîôûäëïöãõ¡¿ºª°€£‘’“”–—…«»·´]")
_LEAST_LIKELY = 0.9
_MOST_HIGH = 0.4


def guess_encoding(head: bytes) -> str:
    """Encoding of a text by its beginning; UTF-8 for all that is not told to be something else.

    A byte order mark settles it. Bytes that are not UTF-8 are taken for Windows-1252 (of which the
    printable part of Latin-1 is a subset) when there are no control characters and hardly any UTF-8
    sequences among them, and nine in ten are letters with accents or signs of western European text.

    >>> guess_encoding("qué día".encode("cp1252")), guess_encoding("qué".encode("utf-16")), guess_encoding(b"ok")
    ('cp1252', 'utf-16', 'utf-8')
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder(UTF8)().decode(head)
    except UnicodeDecodeError:
        return WINDOWS if _is_windows(head) else UTF8
    return UTF8


def as_utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Blocks of a text turned into UTF-8, as they come. Raises `UnicodeDecodeError`."""
    if encoding == UTF8:
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for block in blocks:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


def _is_windows(head: bytes) -> bool:
    high = len(_HIGH.findall(head))
    if _CONTROL.search(head) or high > _MOST_HIGH * len(head.replace(b" ", b"")):
        return False
    read = head.decode(UTF8, errors="surrogateescape")
    if sum(char > "\x7f" and not "\udc80" <= char <= "\udcff" for char in read):
        return False
    try:
        text = head.decode(WINDOWS)
    except UnicodeDecodeError:
        return False
    return len(_ACCENTED.findall(text)) >= _LEAST_LIKELY * high
