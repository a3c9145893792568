"""Whether wrong answers hang on words near a switch of language, and on which language's words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy import stats

POSITIONS = ("before a switch", "at a switch", "after a switch", "elsewhere")


def switch_positions(tags: Sequence[str], other: str = "other") -> list[str]:
    """Where each token stands to the nearest switch: one of `POSITIONS`.

    A switch lies between two tokens of different languages, tokens tagged `other` passed over. The last
    token before it is “before”, the first of the new language “at”, the next one of it “after”; a token
    that is several of these is “at” before it is “before” before it is “after”.

    >>> switch_positions(["en", "en", "hi", "hi", "hi"])
    ['elsewhere', 'before a switch', 'at a switch', 'after a switch', 'elsewhere']
    """
    spoken = [place for place, tag in enumerate(tags) if tag != other]
    found = ["elsewhere"] * len(tags)
    switched = [i for i in range(1, len(spoken)) if tags[spoken[i]] != tags[spoken[i - 1]]]
    for offset, position in ((1, POSITIONS[2]), (-1, POSITIONS[0]), (0, POSITIONS[1])):
        for i in switched:
            if i + offset < len(spoken):
                found[spoken[i + offset]] = position
    return found


def blame_table(tags: Sequence[Sequence[str]], blamed: Sequence[int], other: str = "other") -> pd.DataFrame:
    """How often the word that a wrong answer hangs on stands near a switch, or in which language it is.

    `tags` are those of the wrongly answered sentences, `blamed` the place of the word in each. Columns:
    kind (“position” or “language”), value, words (all of them), blamed, share, expected (the share of all
    words), ratio, p_value (two-sided binomial test against `expected`). Sentences without words do not count.

    >>> table = blame_table([["en", "hi"], ["en", "en", "hi", "hi"]], [1, 2])
    >>> table.loc[table["value"] == "at a switch", ["words", "blamed", "expected"]].values.tolist()
    [[2.0, 2.0, 0.3333333333333333]]
    """
    everywhere: dict[tuple[str, str], int] = {}
    at_blame: dict[tuple[str, str], int] = {}
    total = 0
    for sentence, place in zip(tags, blamed, strict=True):
        positions = switch_positions(sentence, other)
        total += len(sentence)
        for i, (tag, position) in enumerate(zip(sentence, positions, strict=True)):
            for key in (("position", position), ("language", tag)):
                everywhere[key] = everywhere.get(key, 0) + 1
                at_blame[key] = at_blame.get(key, 0) + (i == place)
    sentences = sum(bool(sentence) for sentence in tags)
    rows = []
    for key in sorted(everywhere, key=lambda key: (key[0] != "position", key[1])):
        expected, hits = everywhere[key] / total, at_blame[key]
        p_value = float(stats.binomtest(hits, sentences, expected).pvalue)
        share = hits / sentences
        rows.append((*key, everywhere[key], hits, share, expected, share / expected, p_value))
    columns = ["kind", "value", "words", "blamed", "share", "expected", "ratio", "p_value"]
    return pd.DataFrame(rows, columns=columns)
