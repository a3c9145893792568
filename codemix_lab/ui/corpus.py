"""Texts as the page Data shows them: opened once, a bounded sample tagged and measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.text.corpora import open_corpus, starter_corpora
from codemix_lab.text.measures import cmi, measure_tags
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.profile import profile
from codemix_lab.text.profile_record import Profile
from codemix_lab.text.sources import find_place, starter_tasks
from codemix_lab.text.tagging import tag_sentences
from codemix_lab.text.tasks import open_task

MOST_TAGGED = 3_000
LARGEST_SHOWN = 64 << 20
CORPUS = "corpus:"
"""Starter corpora are told from the tasks of the same name by this."""

Tagged = list[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Corpus:
    """What the page shows of one source.

    `frame` has text, split and label ("" where there are none); `tagged` and `cmi` (0–100) follow
    the rows of `sample`, which is all of them or an even part; both are empty without a pair of two languages.
    """

    name: str
    frame: pd.DataFrame
    sample: pd.DataFrame
    pair: str | None
    profile: Profile | None
    warnings: tuple[str, ...]
    tagged: list[Tagged]
    cmi: list[float]
    measures: dict[str, Any]

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the pair's languages."""
        return PAIRS[self.pair].languages if self.pair else ()


def open_shown(source: str, pair: str | None) -> Corpus:
    """Open a source for the page; `pair` overrules the one that its name says. Raises `DataError`."""
    return _opened(source, pair, _stamp(source))


def choices() -> list[str]:
    """What comes with the lab: tasks by name, running text as “corpus:name”."""
    return [*starter_tasks(), *(CORPUS + name for name in starter_corpora())]


@st.cache_resource(max_entries=6, show_spinner="Reading and tagging …")
def _opened(source: str, pair: str | None, stamp: str) -> Corpus:
    found: Profile | None = None
    warnings: tuple[str, ...] = ()
    name = source.removeprefix(CORPUS)
    if source.startswith(CORPUS):
        frame = _unlabelled(open_corpus(name))
        guessed = name if name in PAIRS else None
        name = f"{name}, unlabelled"
    else:
        found = profile(source)
        guessed = found.pair
        if found.use == "task":
            task = open_task(source)
            frame, warnings = task.frame, task.warnings
        else:
            frame = _unlabelled(open_corpus(source))
    of = pair or guessed
    step = max(1, len(frame) // MOST_TAGGED)
    sample = frame.iloc[::step].head(MOST_TAGGED).reset_index(drop=True)
    if of is None or len(PAIRS[of].languages) < 2:
        return Corpus(name, frame, sample, of, found, warnings, [], [], {})
    tagged = tag_sentences(sample["text"].tolist(), of)
    tags = [[tag for _, tag in one] for one in tagged]
    measured = measure_tags(tags, PAIRS[of].languages)
    return Corpus(name, frame, sample, of, found, warnings, tagged, [cmi(one) for one in tags], measured)


def _unlabelled(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"split": "", "text": texts, "label": ""}, dtype="str")


def _stamp(source: str) -> str:
    """What changes when the file behind a source does. Raises `DataError` for one too large for a page."""
    if source.startswith(CORPUS):
        return ""
    path: Path | None = find_place(TaskSpec(source)).path
    if path is None or not path.is_file():
        return ""
    status = path.stat()
    if status.st_size > LARGEST_SHOWN:
        raise DataError(
            f"{path} has {status.st_size >> 20:,} MB, too much for a page. "
            "`codemix-lab data check` profiles files of any size."
        )
    return f"{status.st_mtime_ns}-{status.st_size}"
