"""Train batches: equal work, everything seen, the same for the same seed."""

from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.training.batching import token_budget_plan


@given(st.lists(st.integers(1, 60), min_size=1, max_size=80), st.integers(0, 5))
def test_no_batch_exceeds_the_budget_unless_it_is_one_sentence(lengths: list[int], seed: int) -> None:
    for batch in token_budget_plan(lengths, 64, 20, seed):
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 64


@given(st.lists(st.integers(1, 60), min_size=1, max_size=80))
def test_one_pass_sees_every_sentence_once_before_any_comes_again(lengths: list[int]) -> None:
    seen = [i for batch in token_budget_plan(lengths, 64, 500, 0) for i in batch][: len(lengths)]
    assert sorted(seen) == list(range(len(lengths)))


def test_the_plan_has_exactly_the_steps_asked_for_and_depends_on_the_seed() -> None:
    lengths = list(range(1, 50))
    plan = token_budget_plan(lengths, 100, 33, 1)
    assert len(plan) == 33
    assert plan == token_budget_plan(lengths, 100, 33, 1)
    assert plan != token_budget_plan(lengths, 100, 33, 2)
