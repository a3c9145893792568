"""Measuring the mixing of whole files: tagged as they stream by, or by the tags they bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.corpora import open_corpus
from codemix_lab.text.measures import (
    cmi,
    i_index,
    matrix_language,
    measure_tags,
    script_share,
    spans,
    switch_points,
)
from codemix_lab.text.pairs import PAIRS, guess_pair
from codemix_lab.text.sources import starter_tasks
from codemix_lab.text.tagging import open_tagger, tokenise

_TOGETHER = 1_000


def measure_texts(
    texts: Sequence[str],
    pair: str,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> dict[str, Any]:
    """All measures of some sentences, with their tags made by the tagger; see `measure_tags`.

    Raises `DataError` for a pair without tagger, and `Cancelled`.
    """
    tagger = open_tagger(pair)
    tags: list[list[str]] = []
    words: list[str] = []
    for start in range(0, len(texts), _TOGETHER):
        raise_if_stopped(should_stop)
        report(on_progress, start, len(texts), "tagging")
        tokens = [tokenise(text) for text in texts[start : start + _TOGETHER]]
        tags += tagger.tag_many(tokens)
        words += (token for sentence in tokens for token in sentence)
    measures = measure_tags(tags, PAIRS[pair].languages)
    return {"pair": pair, **measures, "script_share": script_share(words)}


def measure_source(
    source: str,
    pair: str | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> dict[str, Any]:
    """All measures of anything `open_corpus` opens: a task, a starter corpus, a file, a folder, a hub id.

    The pair is guessed from the name when it is not told. Raises `DataError`.
    """
    chosen = pair or pair_of(source)
    if chosen is None:
        codes = ", ".join(code for code, known in PAIRS.items() if len(known.languages) == 2)
        raise DataError(
            f"“{source}” does not say which languages it mixes. Tell it with --pair, one of {codes}."
        )
    open_tagger(chosen)
    return {"source": source, **measure_texts(open_corpus(source), chosen, on_progress, should_stop)}


def pair_of(source: str) -> str | None:
    """Pair that the name of a task or file contains, or None."""
    if source in starter_tasks():
        return source.partition(".")[0]
    return guess_pair(Path(source).name)


def measure_frame(texts: Iterable[str], pair: str) -> pd.DataFrame:
    """One row a sentence: text, words, cmi (0–100), switch_points, i_index, spans and matrix language."""
    texts = list(texts)
    rows = []
    for text, tags in zip(texts, open_tagger(pair).tag_many([tokenise(t) for t in texts]), strict=True):
        runs = spans(tags)
        rows.append(
            {
                "text": text,
                "words": sum(length for _, length in runs),
                "cmi": cmi(tags),
                "switch_points": switch_points(tags),
                "i_index": i_index([tags]),
                "spans": len(runs),
                "matrix": matrix_language(tags) or "",
            }
        )
    columns = ["text", "words", "cmi", "switch_points", "i_index", "spans", "matrix"]
    return pd.DataFrame(rows, columns=columns)


def compared(measures: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Several results of `measure_texts` or `measure_tags` side by side: one row a measure, one column a name."""
    flat = {name: _flat(values) for name, values in measures.items()}
    rows = list(dict.fromkeys(key for values in flat.values() for key in values))
    return pd.DataFrame({"measure": rows} | {n: [v.get(key) for key in rows] for n, v in flat.items()})


def _flat(values: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= {f"{name} {key}": part for key, part in value.items()}
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[name] = value
    return found
