"""How tasks mix their languages, side by side, and where two of them differ most."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from codemix_lab.config import TaskSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.text.measuring import measure_texts
from codemix_lab.text.tasks import open_task

MEASURED = 500
ALIKE = 0.1
"""Difference, as a share of a measure's range, below which two tasks are said to mix alike."""

Measures = Mapping[str, Any]
"""What `text.measuring.measure_texts` says of some sentences."""


@dataclass(frozen=True)
class Pattern:
    """One measure: its name, how it is read from the measures, its range (None where it has no end), how it is written."""

    name: str
    read: Callable[[Measures], float | None]
    span: float | None
    form: str

    def written(self, value: float | None) -> str:
        """The value for people, a dash where it is unknown."""
        return "–" if value is None else self.form.format(value)


def _matrix_english(measures: Measures) -> float | None:
    """Share of the sentences with words whose matrix language is English."""
    found = measures.get("matrix_language")
    return None if not found else float(found.get("en", 0.0))


PATTERNS = (
    Pattern("code-mixing index", lambda m: m.get("cmi"), 50, "{:.0f}"),
    Pattern("switch points a sentence", lambda m: m.get("switches_per_sentence"), None, "{:.1f}"),
    Pattern("switches of all places (I-index)", lambda m: m.get("i_index"), 1, "{:.2f}"),
    Pattern("balance of languages (M-index)", lambda m: m.get("m_index"), 1, "{:.2f}"),
    Pattern("words in English", lambda m: m.get("language_share", {}).get("en"), 1, "{:.0%}"),
    Pattern("English as matrix language", _matrix_english, 1, "{:.0%}"),
    Pattern("sentences in one language", lambda m: m.get("monolingual_share"), 1, "{:.0%}"),
    Pattern("words in Latin script", lambda m: m.get("script_share", {}).get("Latn"), 1, "{:.0%}"),
)


@functools.lru_cache(maxsize=32)
def mixing_of(task: TaskSpec) -> Measures | None:
    """Measures of the first `MEASURED` train sentences; None for a pair without a tagger."""
    opened = open_task(task)
    try:
        return measure_texts(list(opened.split("train")["text"][:MEASURED]), str(opened.pair))
    except (CodeMixLabError, KeyError):
        return None


def side_by_side(measures: Mapping[str, Measures | None]) -> pd.DataFrame:
    """A row a measure, as people write it, and a column a task; tasks that could not be measured have dashes."""
    columns = {
        name: [pattern.written(None if found is None else pattern.read(found)) for pattern in PATTERNS]
        for name, found in measures.items()
    }
    return pd.DataFrame({"measure": [pattern.name for pattern in PATTERNS], **columns})


def differ_most(source: str, mine: Measures | None, target: str, theirs: Measures | None) -> str:
    """Where two tasks differ most, in a sentence: measures are compared as shares of their range.

    Empty where one of them could not be measured.

    >>> differ_most("a", {"cmi": 30.0, "i_index": 0.4}, "b", {"cmi": 10.0, "i_index": 0.3})
    'a and b differ most in code-mixing index: 30 against 10.'
    """
    if mine is None or theirs is None:
        return ""
    gaps = {}
    for pattern in PATTERNS:
        a, b = pattern.read(mine), pattern.read(theirs)
        if pattern.span is not None and a is not None and b is not None:
            gaps[pattern] = abs(a - b) / pattern.span
    if not gaps:
        return ""
    most = max(gaps, key=lambda pattern: gaps[pattern])
    told = " against ".join(most.written(most.read(one)) for one in (mine, theirs))
    if gaps[most] < ALIKE:
        return f"{source} and {target} mix much alike; furthest apart is {most.name}: {told}."
    return f"{source} and {target} differ most in {most.name}: {told}."
