"""Running text that comes with the lab: what to continue pre-training on, and what to hold out."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from codemix_lab.errors import DataError
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.readers import read_lines
from codemix_lab.text.tasks import STARTER, open_task, starter_tasks

HELD_OUT = 64

_FILES = {
    "en-hi": "en-hi.unlabelled.txt",
    "mono.en": "mono.en.txt",
    "mono.es": "mono.es.txt",
    "mono.hi": "mono.hi.txt",
    "mono.hi-latn": "mono.hi-latn.txt",
}
_MONOLINGUAL = {"en-hi": ("mono.en", "mono.hi", "mono.hi-latn"), "en-es": ("mono.en", "mono.es")}
_DEFAULT_PAIR = "en-hi"


@dataclass(frozen=True)
class HeldOut:
    """Sentences that pseudo-perplexity is measured on, some code-mixed and some in one language."""

    code_mixed: list[str]
    monolingual: list[str]


def starter_corpora() -> tuple[str, ...]:
    """Names of the corpora that come with the lab."""
    return tuple(_FILES)


def starter_corpus(name: str) -> list[str]:
    """All sentences of a starter corpus. Raises `DataError` with the nearest names for an unknown one."""
    if name not in _FILES:
        near = difflib.get_close_matches(name.lower(), _FILES, n=2, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise DataError(f"No starter corpus is called “{name}”.{hint} Starter corpora: {', '.join(_FILES)}.")
    return read_lines(STARTER / _FILES[name])


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
    mixed_pair = pair if pair in starter_tasks() else _DEFAULT_PAIR
    corpora = _MONOLINGUAL.get(pair or _DEFAULT_PAIR, ("mono.en",))
    parts = [_drawn(starter_corpus(name)) for name in corpora]
    in_turn = [part[place] for place in range(HELD_OUT) for part in parts if place < len(part)]
    return HeldOut(_drawn(_code_mixed(mixed_pair)), in_turn[:HELD_OUT])


def _code_mixed(pair: str) -> list[str]:
    if pair in _FILES:
        return starter_corpus(pair)
    frame = open_task(pair).frame
    texts: list[str] = frame.loc[frame["split"].isin(["dev", "test"]), "text"].tolist()
    return texts


def _drawn(lines: Sequence[str]) -> list[str]:
    """The `HELD_OUT` distinct lines whose hash is smallest: the file's order does not matter."""
    return sorted(set(lines), key=lambda line: hashlib.sha256(line.encode()).digest())[:HELD_OUT]
