"""Running text that comes with the lab: what to continue pre-training on, and what to hold out."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.text.columns import TEXT, absent, choose_columns
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.readers import read_lines, read_table
from codemix_lab.text.readers.conll import Sentence, read_sentences
from codemix_lab.text.sources import STARTER, find_place
from codemix_lab.text.tasks import open_task, starter_tasks

HELD_OUT = 64

_MONOLINGUAL = {"en-hi": ("mono.en", "mono.hi", "mono.hi-latn"), "en-es": ("mono.en", "mono.es")}
_DEFAULT_PAIR = "en-hi"


@dataclass(frozen=True)
class HeldOut:
    """Sentences that pseudo-perplexity is measured on, some code-mixed and some in one language."""

    code_mixed: list[str]
    monolingual: list[str]


def starter_corpora() -> tuple[str, ...]:
    """Names of the corpora that come with the lab: a pair's code-mixed text, then the monolingual ones."""
    return tuple(_files())


def starter_corpus(name: str) -> list[str]:
    """All sentences of a starter corpus. Raises `DataError` with the nearest names for an unknown one."""
    files = _files()
    if name not in files:
        near = difflib.get_close_matches(name.lower(), files, n=2, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise DataError(f"No starter corpus is called “{name}”.{hint} Starter corpora: {', '.join(files)}.")
    return read_lines(files[name])


def open_corpus(source: str) -> list[str]:
    """Sentences of a starter corpus by name, or of any file, folder or hub id that `open_task` reads.

    In a table the text column is found as for a task; labels do not matter. Raises `DataError`.
    """
    if source in _files():
        return starter_corpus(source)
    place = find_place(TaskSpec(source))
    table = place.read()
    spec = place.spec
    chosen = choose_columns(table, spec.text_column, None, None, place.where)["text"].column
    if chosen is None:
        raise absent(table, TEXT, place.where)
    texts: list[str] = [text for text in table[chosen].str.strip().tolist() if text]
    if not texts:
        raise DataError(f"{place.where} holds no text.")
    return texts


def starter_sentences(pair: str) -> list[Sentence]:
    """Starter sentences of a pair with a language tag for each token.

    Raises `DataError` for a pair without such a file.
    """
    return read_sentences(_companion(pair, "tokens"))


def starter_parallel(pair: str) -> pd.DataFrame:
    """Parallel starter sentences of a pair: english, romanised and native, or english and spanish.

    Raises `DataError` for a pair without such a file.
    """
    return read_table(_companion(pair, "parallel"))


def training_lines(name: str) -> list[str]:
    """The sentences of a starter corpus that no `held_out` uses: train on these."""
    lines = starter_corpus(name)
    kept_back = set(_drawn(lines))
    return [line for line in lines if line not in kept_back]


def held_out(pair: str | None) -> HeldOut:
    """Held-out sentences of a pair, 64 of each kind (fewer where there are fewer), always the same.

    Code-mixed ones come from the pair's unlabelled corpus, else from dev and test of its starter
    task; "en" and None have none of their own and are given those of en-hi. Monolingual ones come
    in equal parts from the starter corpora of the pair's languages. Raises `DataError` for an
    unknown pair.
    """
    if pair is not None and pair not in PAIRS:
        raise DataError(f"“{pair}” is no known language pair. Choose one of {', '.join(PAIRS)}.")
    mixed_pair = pair if pair in starter_tasks() and pair != "en" else _DEFAULT_PAIR
    corpora = _MONOLINGUAL.get(pair or _DEFAULT_PAIR, ("mono.en",))
    parts = [_drawn(starter_corpus(name)) for name in corpora]
    in_turn = [part[place] for place in range(HELD_OUT) for part in parts if place < len(part)]
    return HeldOut(_drawn(_code_mixed(mixed_pair)), in_turn[:HELD_OUT])


def _code_mixed(pair: str) -> list[str]:
    if pair in _files():
        return starter_corpus(pair)
    frame = open_task(pair).frame
    texts: list[str] = frame.loc[frame["split"].isin(["dev", "test"]), "text"].tolist()
    return texts


def _files() -> dict[str, Path]:
    mixed = {pair: STARTER / f"{pair}.unlabelled.txt" for pair in PAIRS}
    found = {pair: path for pair, path in mixed.items() if path.is_file()}
    return found | {path.stem: path for path in sorted(STARTER.glob("mono.*.txt"))}


def _companion(pair: str, kind: str) -> Path:
    path = STARTER / f"{pair}.{kind}.tsv"
    if not path.is_file():
        there = sorted(found.name.partition(".")[0] for found in STARTER.glob(f"*.{kind}.tsv"))
        raise DataError(f"The starter has no {kind} of “{pair}”; it has those of {', '.join(there)}.")
    return path


def _drawn(lines: Sequence[str]) -> list[str]:
    """The `HELD_OUT` distinct lines whose hash is smallest: the file's order does not matter."""
    return sorted(set(lines), key=lambda line: hashlib.sha256(line.encode()).digest())[:HELD_OUT]
