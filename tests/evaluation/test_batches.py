from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.errors import SpecError
from codemix_lab.evaluation.batches import token_budget_batches

lengths = st.lists(st.integers(0, 300), max_size=60)


@given(lengths, st.integers(1, 2000))
def test_every_index_comes_once_and_the_budget_is_kept(lengths: list[int], budget: int) -> None:
    batches = token_budget_batches(lengths, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget


@given(lengths, st.integers(1, 2000))
def test_no_batch_could_take_the_next_sentence_too(lengths: list[int], budget: int) -> None:
    batches = token_budget_batches(lengths, budget)
    for batch in batches[:-1]:
        assert (len(batch) + 1) * max(1, *(lengths[i] for i in batch)) > budget


def test_longest_first_and_equal_lengths_in_order() -> None:
    assert token_budget_batches([2, 5, 2, 5], 100) == [[1, 3, 0, 2]]


def test_a_batch_without_room_is_refused() -> None:
    with pytest.raises(SpecError, match="budget = 0"):
        token_budget_batches([1], 0)
