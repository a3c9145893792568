"""How sure a difference between two regimes is over seeds, over sentences, and how many seeds it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import stats

from codemix_lab.errors import DataError
from codemix_lab.evaluation.metrics import RESAMPLES, f1_per_class, label_numbers, seed_interval

_EXACT = 14
_MOST_SEEDS = 10_000


@dataclass(frozen=True)
class PairedSeeds:
    """B − A over seeds that both have: mean, 95 % interval of Student's t, standard deviation, p-values.

    `p_t` is of the paired t-test, `p_flip` of the sign-flip permutation test, both two-sided; interval,
    `sd` and `p_t` are NaN for one seed.
    """

    n: int
    difference: float
    low: float
    high: float
    sd: float
    p_t: float
    p_flip: float


def paired_seeds(a: Sequence[float], b: Sequence[float]) -> PairedSeeds:
    """Two regimes over the same seeds, in the same order (common random numbers).

    Differences that are all equal have no spread: `p_t` is then 1 for zero and 0 for anything else.
    Raises `DataError` for no seeds or unequal numbers.

    >>> found = paired_seeds([0.50, 0.52, 0.54, 0.50], [0.52, 0.55, 0.55, 0.54])
    >>> round(found.difference, 3), round(found.p_t, 3), found.p_flip
    (0.025, 0.03, 0.125)
    """
    if len(a) != len(b):
        raise DataError(f"{len(a)} and {len(b)} seeds cannot be paired: give one score of each per seed.")
    difference = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    mean, low, high = seed_interval(difference.tolist())
    n = len(difference)
    sd = float(difference.std(ddof=1)) if n > 1 else math.nan
    if n > 1 and sd < 1e-12:
        p_t = float(abs(mean) < 1e-12)
    else:
        p_t = float(2 * stats.t.sf(abs(mean) / (sd / math.sqrt(n)), n - 1)) if n > 1 else math.nan
    return PairedSeeds(n, mean, low, high, sd, p_t, sign_flip(difference.tolist()))


def sign_flip(differences: Sequence[float], seed: int = 0, draws: int = 10_000) -> float:
    """Two-sided p-value of the mean when every sign could as well be the other (Fisher 1935).

    Exact over all 2ⁿ signs up to 14 differences, by `draws` beyond. It assumes no normal distribution,
    but n seeds cannot bring it below 2/2ⁿ.

    >>> sign_flip([0.1, 0.2, 0.3, 0.4])
    0.125
    """
    values = np.asarray(differences, dtype=float)
    if len(values) <= _EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=len(values))))
        return float((abs(signs @ values) >= abs(values.sum()) - 1e-12).mean())
    signs = np.random.default_rng(seed).choice((1.0, -1.0), size=(draws, len(values)))
    return float((1 + (abs(signs @ values) >= abs(values.sum()) - 1e-12).sum()) / (draws + 1))


def power(effect: float, sd: float, n: int, alpha: float = 0.05) -> float:
    """Chance that a two-sided paired t-test over `n` seeds finds a mean difference of `effect`.

    `sd` is the standard deviation of the paired differences. By the noncentral t distribution
    (Cohen 1988); where that underflows, the effect is beyond doubt.

    >>> round(power(0.02, 0.02, 10), 3)
    0.803
    """
    if n < 2:
        return 0.0
    if sd <= 0:
        return 1.0
    limit = stats.t.ppf(1 - alpha / 2, n - 1)
    shift = abs(effect) / sd * math.sqrt(n)
    above, below = stats.nct.sf(limit, n - 1, shift), stats.nct.cdf(-limit, n - 1, shift)
    return float(min(1.0, np.nan_to_num(above, nan=1.0) + np.nan_to_num(below, nan=0.0)))


def seeds_needed(effect: float, sd: float, wanted: float = 0.8, alpha: float = 0.05) -> int | None:
    """Fewest seeds with which `power` reaches `wanted`; None when more than 10,000, or sd is unknown.

    >>> seeds_needed(0.02, 0.02), seeds_needed(0.01, 0.02)
    (10, 34)
    """
    if not math.isfinite(sd) or effect == 0 or power(effect, sd, _MOST_SEEDS, alpha) < wanted:
        return None
    low, high = 2, _MOST_SEEDS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, sd, middle, alpha) >= wanted else (middle + 1, high)
    return low


def mean_difference_interval(
    gold: Sequence[str],
    predicted_a: Sequence[Sequence[str]],
    predicted_b: Sequence[Sequence[str]],
    labels: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float, float]:
    """B − A in macro-F1, averaged over seeds, with its 95 % bootstrap interval over sentences.

    `predicted_a[s]` and `predicted_b[s]` are the predictions under seed s for the same sentences as
    `gold`. A draw of sentences is the same for all seeds and both regimes, so this interval says how
    far the difference depends on the test sentences, not on the seeds. Raises `DataError` for no seeds,
    no sentences or unequal numbers.
    """
    if not predicted_a or len(predicted_a) != len(predicted_b):
        raise DataError("Give the predictions of both regimes for the same seeds, one at least.")
    if any(len(values) != len(gold) for values in (*predicted_a, *predicted_b)) or not len(gold):
        raise DataError("Gold labels and predictions differ in number: give one of each per sentence.")
    k, n = len(labels), len(gold)
    rows = label_numbers(gold, labels)
    weights = np.ones((resamples + 1, n), dtype=np.float32)
    weights[1:] = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    means = []
    for predictions in (predicted_a, predicted_b):
        total = np.zeros(resamples + 1)
        for values in predictions:
            cells = np.zeros((n, k * k), dtype=np.float32)
            cells[np.arange(n), k * rows + label_numbers(values, labels)] = 1
            total += f1_per_class((weights @ cells).reshape(-1, k, k)).mean(axis=1)
        means.append(total / len(predictions))
    difference = means[1] - means[0]
    low, high = np.quantile(difference[1:], (0.025, 0.975))
    return float(difference[0]), float(low), float(high)
