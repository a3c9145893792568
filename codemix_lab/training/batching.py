"""Train batches of about equal work: similar lengths together, a fixed number of pieces each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_POOL = 50


def token_budget_plan(lengths: Sequence[int], budget: int, steps: int, seed: int) -> list[list[int]]:
    """Exactly `steps` batches of sentence numbers, each of at most `budget` pieces with padding.

    Sentences are shuffled anew in every pass, sorted by length inside pools of `_POOL` batches so
    that little is padded, and the batches of a pool are shuffled again. A sentence longer than the
    budget makes a batch of its own. Deterministic in `seed`.
    """
    rng = np.random.default_rng(seed)
    sizes = np.asarray(lengths)
    pool = max(1, int(_POOL * budget / max(1.0, sizes.mean())))
    plan: list[list[int]] = []
    while len(plan) < steps:
        order = rng.permutation(len(sizes))
        for start in range(0, len(order), pool):
            batches = _cut(order[start : start + pool], sizes, budget)
            plan += [batches[i] for i in rng.permutation(len(batches))]
    return plan[:steps]


def _cut(numbers: np.ndarray, sizes: np.ndarray, budget: int) -> list[list[int]]:
    batches: list[list[int]] = []
    for number in numbers[np.argsort(sizes[numbers], kind="stable")]:
        if not batches or (len(batches[-1]) + 1) * sizes[number] > budget:
            batches.append([])
        batches[-1].append(int(number))
    return batches
