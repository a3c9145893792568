"""Batches of sentences of like length, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Sequence

from codemix_lab.errors import SpecError


def token_budget_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Pack sentences into batches of at most `budget` pieces, padding included.

    `lengths` are in pieces. Every index comes once, longest sentence first (equal lengths keep their
    order), so the first batch needs the most memory. A sentence longer than `budget` stands alone.
    Raises `SpecError` for a budget below 1.

    >>> token_budget_batches([3, 9, 4, 4], budget=8)
    [[1], [2, 3], [0]]
    """
    if budget < 1:
        raise SpecError(f"budget = {budget} is out of range: a batch needs room for at least one piece.")
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    room = 0
    for i in order:
        if room == 0:
            batches.append([])
            room = max(1, budget // max(1, lengths[i]))
        batches[-1].append(i)
        room -= 1
    return batches
