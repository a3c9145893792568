"""Where two models differ: the same comparison on parts of the sentences, worst part first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from codemix_lab.errors import DataError
from codemix_lab.evaluation.metrics import label_numbers
from codemix_lab.evaluation.paired import cells_of, holm, joint_counts, paired_from_counts
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

COLUMNS = [
    "trait",
    "slice",
    "sentences",
    "fixed",
    "broken",
    "f1_a",
    "f1_b",
    "difference",
    "low",
    "high",
    "p_value",
]
FEWEST = 20
"""Sentences below which a slice says nothing."""
BANDS = 3
MOST_VALUES = 12
"""A text column with more distinct values is no trait."""


@dataclass(frozen=True, eq=False)
class Slice:
    """A part of the sentences: the trait it is cut by, the condition in words, and which rows it holds."""

    trait: str
    condition: str
    rows: np.ndarray


def cut(traits: pd.DataFrame) -> list[Slice]:
    """One slice for every value of every trait (true/false, few distinct texts), and bands of numbers.

    Bands hold about equally many sentences; a number that is 0 in many sentences gets 0 as a band of its
    own. The conditions are questions that `query.matching` understands.

    >>> [s.condition for s in cut(pd.DataFrame({"emoji": [True, False], "words": [3, 9]}))]
    ['emoji', 'not emoji', 'words <= 3', 'words > 3']
    """
    slices: list[Slice] = []
    for name in map(str, traits.columns):
        column = traits[name]
        if column.dtype == bool:
            held = column.to_numpy()
            slices += [Slice(name, name, held), Slice(name, f"not {name}", ~held)]
        elif pd.api.types.is_numeric_dtype(column):
            slices += _bands(name, column)
        elif column.nunique() <= MOST_VALUES:
            slices += [
                Slice(name, f"{name} == {str(value)!r}", (column == value).to_numpy())
                for value in sorted(column.dropna().unique())
            ]
    return [part for part in slices if part.rows.any()]


def slice_table(
    frame: pd.DataFrame, slices: Sequence[Slice], labels: Sequence[str], fewest: int = FEWEST
) -> pd.DataFrame:
    """`COLUMNS` for every slice with at least `fewest` sentences, what B loses most first.

    `frame` is that of a `Comparison`, row for row the one the slices were cut from; intervals and
    p-values are those of `paired_f1`, p-values Holm-corrected for the number of slices in the table;
    fixed and broken are sentences.
    """
    gold, a, b = (label_numbers(frame[c].tolist(), labels) for c in ("gold", "predicted_a", "predicted_b"))
    cells = cells_of(gold, a, b, len(labels))
    right_a, right_b = a == gold, b == gold
    fixed, broken = right_b & ~right_a, right_a & ~right_b
    rows = []
    for part in slices:
        if (count := int(part.rows.sum())) < fewest:
            continue
        found = paired_from_counts(joint_counts(cells[part.rows], len(labels)))
        rows.append(
            (
                part.trait,
                part.condition,
                count,
                int(fixed[part.rows].sum()),
                int(broken[part.rows].sum()),
                found.a,
                found.b,
                found.difference,
                found.low,
                found.high,
                found.p_value,
            )
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_value"] = holm(list(table["p_value"]))
    return table.sort_values("difference", kind="stable", ignore_index=True)


def find_slices(
    frame: pd.DataFrame,
    traits: pd.DataFrame,
    most: int = 8,
    fewest: int = FEWEST,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> pd.DataFrame:
    """Parts on which B differs from A most, found by trying every condition and every two together.

    Tried on one half of the sentences (drawn once, always the same), confirmed on the other:
    the ones with the largest z of the gain (share fixed − share broken inside against outside) are held
    against the other half, where the p-value of the same z is Holm-corrected for the number confirmed.
    Columns: slice, sentences, gain (share fixed − broken, other half), outside, p_value; best supported
    first. Two conditions stand together only where that says more than either alone. Raises
    `DataError` when frame and traits differ in length, and `Cancelled`.
    """
    if len(frame) != len(traits):
        raise DataError(f"{len(traits)} rows of traits came with {len(frame)} sentences: give one each.")
    raise_if_stopped(should_stop)
    change = frame["pile"].map({"fixed": 1.0, "broken": -1.0}).fillna(0.0).to_numpy(dtype=float)
    search = np.random.default_rng(0).permutation(len(frame)) % 2 == 0
    single = cut(traits)
    report(on_progress, 0, 2, "trying slices")
    tried = _tried(single, change[search], search, fewest)
    raise_if_stopped(should_stop)
    report(on_progress, 1, 2, "holding slices against the other half")
    chosen = _apart((_joined(single, one, other) for one, other in tried), most)
    found = _confirmed(chosen, change, ~search)
    report(on_progress, 2, 2, "slices tried")
    return found


def _tried(
    single: Sequence[Slice], change: np.ndarray, search: np.ndarray, fewest: int
) -> list[tuple[int, int]]:
    """Places of the conditions worth a look, strongest first; a condition alone is a pair of one place twice.

    Numbers, sums and squares of all pairs at once are three products of the matrix of conditions with itself.
    """
    if not single:
        return []
    held = np.stack([part.rows[search] for part in single]).astype(np.float32)
    counts, sums, squares = (
        ((held * weight.astype(np.float32)) @ held.T).astype(np.float64)
        for weight in (np.ones_like(change), change, change**2)
    )
    strength = _strength(counts, sums, squares, change)
    strength[np.minimum(counts, len(change) - counts) < fewest] = 0.0
    alone = strength.diagonal()
    traits = np.array([part.trait for part in single])
    says_more = (strength > np.maximum(alone[:, None], alone[None, :])) & (traits[:, None] != traits[None, :])
    places = [(i, i) for i in np.flatnonzero(alone)]
    places += list(zip(*np.nonzero(np.triu(says_more, 1)), strict=True))
    return sorted(((int(i), int(j)) for i, j in places), key=lambda place: -strength[place])


def _strength(counts: np.ndarray, sums: np.ndarray, squares: np.ndarray, change: np.ndarray) -> np.ndarray:
    """|z| of the mean inside against the mean outside, as by `_z`, 0 where either side is empty."""
    error: np.ndarray | float = 0.0
    means = []
    for n, total, square in (
        (counts, sums, squares),
        (len(change) - counts, change.sum() - sums, (change**2).sum() - squares),
    ):
        several = np.maximum(n, 1)
        means.append(total / several)
        error = error + np.maximum(square / several - means[-1] ** 2, 1 / several) / several
    there = (counts > 0) & (counts < len(change))
    return np.where(there, np.abs(means[0] - means[1]) / np.sqrt(error), 0.0)


def _joined(single: Sequence[Slice], one: int, other: int) -> Slice:
    a, b = single[one], single[other]
    if one == other:
        return a
    return Slice(f"{a.trait}, {b.trait}", f"({a.condition}) and ({b.condition})", a.rows & b.rows)


def _confirmed(chosen: Sequence[Slice], change: np.ndarray, held_out: np.ndarray) -> pd.DataFrame:
    rows = []
    for part in chosen:
        here, there = change[part.rows & held_out], change[~part.rows & held_out]
        if min(len(here), len(there)) < 2:
            continue
        p_value = float(2 * stats.norm.sf(abs(_z(here, there))))
        rows.append((part.condition, int(part.rows.sum()), float(here.mean()), float(there.mean()), p_value))
    table = pd.DataFrame(rows, columns=["slice", "sentences", "gain", "outside", "p_value"])
    table["p_value"] = holm(list(table["p_value"]))
    return table.sort_values("p_value", kind="stable", ignore_index=True)


def _apart(parts: Iterable[Slice], most: int) -> list[Slice]:
    """The first `most` that do not say what one before them says."""
    kept: list[Slice] = []
    for part in parts:
        if len(kept) == most:
            break
        if not any(_alike(part.rows, other.rows) for other in kept):
            kept.append(part)
    return kept


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two slices cut the sentences in nearly the same two parts (Jaccard over .7, either way round)."""
    return any((one & rows).sum() > 0.7 * (one | rows).sum() for rows in (other, ~other))


def _z(inside: np.ndarray, outside: np.ndarray) -> float:
    """Difference of two means in standard errors; the smallest spread is that of one changed sentence."""
    error = sum(max(values.var(), 1 / len(values)) / len(values) for values in (inside, outside))
    return float((inside.mean() - outside.mean()) / np.sqrt(error))


def _bands(name: str, column: pd.Series) -> list[Slice]:
    values = column.to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    edges = (
        list(np.unique(np.quantile(known, np.arange(1, BANDS) / BANDS, method="lower"))) if known.size else []
    )
    if (known == 0).mean() > 1 / BANDS:
        positive = known[known > 0]
        edges = [0.0, *np.unique(np.quantile(positive, [0.5], method="lower"))] if positive.size else []
    edges = [edge for edge in (round(float(e), 3) for e in edges) if known.min() <= edge < known.max()]
    if not edges:
        return []
    bands = [Slice(name, f"{name} <= {edges[0]:g}", values <= edges[0])]
    bands += [
        Slice(name, f"{low:g} < {name} <= {high:g}", (values > low) & (values <= high))
        for low, high in pairwise(edges)
    ]
    return [*bands, Slice(name, f"{name} > {edges[-1]:g}", values > edges[-1])]
