"""How sure a difference between two models on the same sentences is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from codemix_lab.errors import DataError
from codemix_lab.evaluation.metrics import RESAMPLES, f1_per_class, label_numbers


@dataclass(frozen=True)
class PairedF1:
    """Macro-F1 of A and of B, B − A with its 95 % interval, and the two-sided bootstrap p-value."""

    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float


def paired_f1(
    gold: Sequence[str],
    predicted_a: Sequence[str],
    predicted_b: Sequence[str],
    labels: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> PairedF1:
    """Macro-F1 of two models on the same sentences, over the labels that occur in `gold`.

    Paired bootstrap (Efron and Tibshirani 1993; Berg-Kirkpatrick et al. 2012): sentences are drawn
    with replacement, both models scored on each draw. That is one multinomial draw over the cells
    gold × A × B. `p_value` is twice the share of draws on the other side of zero, at least 1/resamples.
    Raises `DataError` for no sentences, unequal numbers or unknown labels.

    >>> found = paired_f1(["x", "x", "y", "y"], ["x", "y", "y", "x"], ["x", "x", "y", "y"], ["x", "y"])
    >>> found.a, found.b, found.difference
    (0.5, 1.0, 0.5)
    """
    if not len(gold) == len(predicted_a) == len(predicted_b):
        raise DataError(
            "Gold labels and the two predictions differ in number: give one of each per sentence."
        )
    numbers, a, b = (label_numbers(values, labels) for values in (gold, predicted_a, predicted_b))
    joint = joint_counts(cells_of(numbers, a, b, len(labels)), len(labels))
    return paired_from_counts(joint, seed, resamples)


def cells_of(gold: np.ndarray, a: np.ndarray, b: np.ndarray, labels: int) -> np.ndarray:
    """One number a sentence for what it is and what both models say: label numbers → cells, int64."""
    return (gold * labels + a) * labels + b


def joint_counts(cells: np.ndarray, labels: int) -> np.ndarray:
    """Sentences by gold label, answer of A and answer of B: int64, (labels, labels, labels).

    >>> joint_counts(cells_of(np.array([0, 1]), np.array([0, 0]), np.array([1, 1]), 2), 2).sum(axis=0).tolist()
    [[0, 2], [0, 0]]
    """
    return np.bincount(cells, minlength=labels**3).reshape(labels, labels, labels)


def paired_from_counts(joint: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> PairedF1:
    """`paired_f1` of sentences that were counted by `joint_counts`. Raises `DataError` where there are none."""
    present = joint.any(axis=(1, 2))
    a, b = (f1[:, present].mean(axis=1) for f1 in resampled_f1(joint, seed, resamples))
    return _paired(a, b, resamples)


def resampled_f1(
    joint: np.ndarray, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray]:
    """F1 of each label for A and for B, (1 + resamples, labels) each: as counted, then as drawn anew.

    One draw is one multinomial over the cells of `joint`, the same for both models. Raises `DataError` for
    no sentences.
    """
    if joint.sum() == 0:
        raise DataError("There is nothing to compare: the two models have no sentence in common.")
    flat = joint.ravel()
    cells = np.flatnonzero(flat)
    drawn = np.zeros((resamples + 1, flat.size), dtype=np.int64)
    drawn[0] = flat
    drawn[1:, cells] = np.random.default_rng(seed).multinomial(
        flat.sum(), flat[cells] / flat.sum(), size=resamples
    )
    tables = drawn.reshape(-1, *joint.shape)
    return f1_per_class(tables.sum(axis=3)), f1_per_class(tables.sum(axis=2))


def paired_by_class(joint: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> list[PairedF1]:
    """F1 of every single label for A and B, paired as by `paired_f1`, in the order of the labels."""
    a, b = resampled_f1(joint, seed, resamples)
    return [_paired(one, other, resamples) for one, other in zip(a.T, b.T, strict=True)]


def _paired(a: np.ndarray, b: np.ndarray, resamples: int) -> PairedF1:
    difference = b - a
    low, high = np.quantile(difference[1:], (0.025, 0.975))
    tail = min((difference[1:] <= 0).mean(), (difference[1:] >= 0).mean())
    return PairedF1(
        a=float(a[0]),
        b=float(b[0]),
        difference=float(difference[0]),
        low=float(low),
        high=float(high),
        p_value=float(min(1.0, max(2 * tail, 1 / resamples))),
    )


def net_gain_interval(fixed: int, broken: int, sentences: int) -> tuple[float, float]:
    """95 % interval of fixed − broken, in sentences (Bonett and Price 2012, adjusted Wald for paired shares).

    Raises `DataError` when there are fewer sentences than fixed and broken ones.

    >>> [round(end, 1) for end in net_gain_interval(30, 10, 100)]
    [7.8, 31.5]
    """
    if sentences < fixed + broken or sentences == 0:
        raise DataError(f"{fixed} fixed and {broken} broken sentences do not fit into {sentences}.")
    n = sentences + 2
    up, down = (fixed + 1) / n, (broken + 1) / n
    half = stats.norm.ppf(0.975) * np.sqrt((up + down - (up - down) ** 2) / n)
    low, high = max(-1.0, up - down - half), min(1.0, up - down + half)
    return float(low * sentences), float(high * sentences)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for the number of comparisons (Holm 1979), in their order.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    worst = 0.0
    for place, index in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = worst
    return [float(value) for value in corrected]
