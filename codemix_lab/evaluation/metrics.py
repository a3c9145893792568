"""Macro-F1 with its uncertainty: over items by bootstrap, over seeds by Student's t."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from codemix_lab.errors import DataError, StorageError

RESAMPLES = 1000


@dataclass(frozen=True)
class Scores:
    """How well predictions fit the gold labels.

    `macro_f1` and `per_class` lie in 0…1, `interval` is the 95 % bootstrap interval of macro-F1 over
    items, `confusion[gold][predicted]` counts items in the order of `labels`, `n` is their number.
    """

    macro_f1: float
    interval: tuple[float, float]
    per_class: dict[str, float]
    confusion: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read `to_dict` back, also after JSON. Raises `StorageError` for anything else."""
        try:
            low, high = values["interval"]
            return cls(
                macro_f1=float(values["macro_f1"]),
                interval=(float(low), float(high)),
                per_class={str(k): float(v) for k, v in values["per_class"].items()},
                confusion=tuple(tuple(int(c) for c in row) for row in values["confusion"]),
                labels=tuple(str(label) for label in values["labels"]),
                n=int(values["n"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StorageError(f"These scores are damaged ({error}): compute them again.") from error


def score(
    gold: Sequence[str],
    predicted: Sequence[str],
    labels: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Scores:
    """Macro-F1 over all of `labels` (a label that never occurs counts 0), with a 95 % interval.

    The bootstrap draws items with replacement, which is one multinomial draw over the cells of the
    confusion matrix (Efron 1979). Raises `DataError` for no items, unequal numbers or unknown labels.
    """
    counts = confusion_matrix(gold, predicted, labels)
    n = int(counts.sum())
    if n == 0:
        raise DataError("There is nothing to score: no predictions were given.")
    cells = np.flatnonzero(counts)
    drawn = np.zeros((resamples, counts.size), dtype=np.int64)
    drawn[:, cells] = np.random.default_rng(seed).multinomial(n, counts.ravel()[cells] / n, size=resamples)
    low, high = np.quantile(f1_per_class(drawn.reshape(-1, *counts.shape)).mean(axis=-1), (0.025, 0.975))
    per_class = f1_per_class(counts)
    return Scores(
        macro_f1=float(per_class.mean()),
        interval=(float(low), float(high)),
        per_class=dict(zip(labels, per_class.tolist(), strict=True)),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        labels=tuple(labels),
        n=n,
    )


def confusion_matrix(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Counts, int64, (labels, labels): rows gold, columns predicted.

    >>> confusion_matrix(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]).tolist()
    [[1, 1], [0, 1]]
    """
    if len(gold) != len(predicted):
        raise DataError(f"{len(gold)} gold labels came with {len(predicted)} predictions: give one each.")
    k = len(labels)
    cells = k * label_numbers(gold, labels) + label_numbers(predicted, labels)
    return np.bincount(cells, minlength=k * k).reshape(k, k)


def f1_per_class(confusion: np.ndarray) -> np.ndarray:
    """F1 = 2·hits / (gold + predicted), 0 where a class has neither: (…, labels, labels) → (…, labels).

    >>> f1_per_class(np.array([[1, 1], [0, 2]])).round(3).tolist()
    [0.667, 0.8]
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    seen = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return np.asarray(2 * hits / np.maximum(seen, 1))


def seed_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval of Student's t over seeds: (mean, low, high).

    One seed says nothing of the spread: low and high are then NaN. Raises `DataError` for no values.
    """
    if len(values) == 0:
        raise DataError("There is no interval over no seeds: run at least one.")
    mean = float(np.mean(values))
    if len(values) == 1:
        return mean, math.nan, math.nan
    from scipy import stats

    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return mean, mean - half, mean + half


def label_numbers(values: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Place of every value in `labels`, int64. Raises `DataError` for a value that is none of them."""
    places = {label: i for i, label in enumerate(labels)}
    try:
        return np.array([places[value] for value in values], dtype=np.int64)
    except KeyError as error:
        known = ", ".join(labels)
        raise DataError(f"The label {error.args[0]!r} is not among the labels scored ({known}).") from None
