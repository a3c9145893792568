"""One token a line and a blank line between sentences: SentiMix, GLUECoS and LinCE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.readers.rows import in_chunks
from codemix_lab.text.readers.source import Source

META = re.compile(r"meta[\t ]+(\S+)(?:[\t ]+(\S+))?\s*$")
"""The line SentiMix puts before a sentence: its id and, in train and dev, its label."""

COMMENT = re.compile(r"#\s*[\w.]+\s*=")
"""A comment as LinCE writes it: `# sent_enum = 1`."""


@dataclass(frozen=True)
class Sentence:
    """Tokens with one tag each ("" where a line has none); id and label where the file has them."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    id: str = ""
    label: str = ""


def read_sentences(path: Path) -> list[Sentence]:
    """All sentences of a file with one token a line (also .gz).

    The tag is a line's last column. Raises `DataError` when the file cannot be read or has none.
    """
    source = Source(path)
    first = next((line for line in source.lines() if line.strip()), "")
    found = list(sentences(source, meta=META.match(first) is not None))
    if not found:
        raise DataError(f"{path} holds no sentence.")
    return found


def sentences(source: Source, meta: bool) -> Iterator[Sentence]:
    """The sentences one by one; columns are apart by tabs, or by blanks where a line has no tab.

    With `meta`, a sentence is opened by its meta line; without it, “meta” is a token like any other.
    """
    tokens: list[str] = []
    tags: list[str] = []
    about: tuple[str, str] = ("", "")
    for line in source.lines():
        opened = META.match(line) if meta and (not tokens or line.count("\t") == 2) else None
        if not line.strip() or opened:
            if tokens:
                yield Sentence(tuple(tokens), tuple(tags), *about)
                tokens, tags, about = [], [], ("", "")
            if opened:
                about = (opened[1], opened[2] or "")
        elif not (COMMENT.match(line) and "\t" not in line):
            token, *rest = line.rstrip("\r").split("\t") if "\t" in line else line.split()
            tokens.append(token.strip())
            tags.append(rest[-1].strip() if rest else "")
    if tokens:
        yield Sentence(tuple(tokens), tuple(tags), *about)


def chunks(source: Source, meta: bool) -> Iterator[pd.DataFrame]:
    """One row a sentence: text (tokens joined by blanks) and tags; with `meta` also id and label."""
    columns = ["id", "text", "label", "tags"] if meta else ["text", "tags"]
    rows = (
        [one.id, " ".join(one.tokens), one.label, " ".join(one.tags)]
        if meta
        else [" ".join(one.tokens), " ".join(one.tags)]
        for one in sentences(source, meta)
    )
    empty = True
    for piece in in_chunks(rows, columns):
        empty = False
        yield piece
    if empty:
        raise DataError(f"{source.path} holds no sentence.")
