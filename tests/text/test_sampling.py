"""Stratified subsets: exact, proportional, nested, the same every time."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codemix_lab.errors import DataError
from codemix_lab.text.sampling import stratified_subset


def frame_of(**counts):
    rows = [("train", f"{label} {place}", label) for label, count in counts.items() for place in range(count)]
    return pd.DataFrame(rows, columns=["split", "text", "label"], dtype="str")


FRAMES = st.lists(st.integers(1, 60), min_size=1, max_size=6).map(
    lambda counts: frame_of(**{f"l{place}": count for place, count in enumerate(counts)})
)


@given(frame=FRAMES, data=st.data(), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=150, deadline=None)
def test_exact_proportional_complete_and_nested(frame, data, seed):
    labels = frame["label"].nunique()
    size = data.draw(st.integers(labels, len(frame) + 5))
    smaller = data.draw(st.integers(labels, size))
    subset = stratified_subset(frame, size, seed)
    assert len(subset) == min(size, len(frame)) and subset.index.is_monotonic_increasing
    assert subset.equals(frame.loc[subset.index])
    share = len(subset) / len(frame)
    drawn = subset["label"].value_counts()
    for label, count in frame["label"].value_counts().items():
        assert drawn[label] >= 1 and abs(drawn[label] - share * count) <= 1 + labels / 2
    assert set(stratified_subset(frame, smaller, seed).index) <= set(subset.index)


def test_the_same_seed_draws_the_same_and_another_draws_other_rows():
    frame = frame_of(a=300, b=100)
    assert stratified_subset(frame, 40, 1).equals(stratified_subset(frame, 40, 1))
    first, second = (set(stratified_subset(frame, 40, seed).index) for seed in (1, 2))
    assert len(first & second) < 20


def test_row_order_does_not_matter():
    frame = frame_of(a=90, b=30, c=7)
    mixed = frame.sample(frac=1, random_state=0)
    assert set(stratified_subset(mixed, 25, 3)["text"]) == set(stratified_subset(frame, 25, 3)["text"])


def test_a_rare_label_is_always_there():
    drawn = stratified_subset(frame_of(common=1_000, rare=1), 2, 0)
    assert sorted(drawn["label"]) == ["common", "rare"]


def test_duplicated_texts_are_separate_rows():
    frame = pd.concat([frame_of(a=1)] * 30, ignore_index=True)
    assert len(stratified_subset(frame, 12, 0)) == 12


def test_all_there_are_when_fewer_than_asked_and_the_frame_is_not_touched():
    frame = frame_of(a=3, b=2)
    subset = stratified_subset(frame, 99, 0)
    assert subset.equals(frame)
    subset.loc[0, "text"] = "changed"
    assert frame.loc[0, "text"] == "a 0"


@pytest.mark.parametrize("size", [-1, 0, 2])
def test_fewer_places_than_labels_is_refused(size):
    with pytest.raises(DataError, match="at least 3"):
        stratified_subset(frame_of(a=5, b=5, c=5), size, 0)


def test_nothing_to_draw_from_is_refused():
    with pytest.raises(DataError, match="no sentence"):
        stratified_subset(frame_of(), 5, 0)
