"""Labels of train and test tasks: shared, mapped, left out and said; what cannot work is refused before any run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.experiments.label_ground import check_sizes, composed, ground, grounds, mapped
from codemix_lab.text.tasks import Task, open_task

Make = Callable[..., Task]

labels = st.sampled_from(["a", "b", "c", "d"])
mappings = st.dictionaries(labels, st.none() | labels, max_size=4)


@pytest.fixture
def make(tmp_path: Path, write_task: Callable[..., Path]) -> Make:
    def task(name: str, *labels: str, mapping: tuple[str, ...] = ()) -> Task:
        path = tmp_path / f"{name}.tsv"
        if not path.exists():
            write_task(path, labels)
        return open_task(TaskSpec(str(path), mapping=mapping))

    return task


@given(mappings, mappings, labels)
def test_one_mapping_does_what_two_do_one_after_the_other(
    first: dict[str, str | None], then: dict[str, str | None], label: str
) -> None:
    between = first.get(label, label)
    wanted = None if between is None else then.get(between, between)
    assert composed(first, then).get(label, label) == wanted


def test_what_is_shared_and_what_is_left_out_is_counted(make: Make) -> None:
    found = ground(
        make("en-hi", "negative", "neutral", "positive"), make("en-ta", "Negative", "POSITIVE", "mixed")
    )
    assert found.shared == ("negative", "positive") and found.carries
    assert (found.source_only, found.target_only) == (("neutral",), ("mixed",))
    assert (found.tested, found.left_out) == (8, 4)
    assert "neutral of en-hi is never right here" in found.said
    assert "4 sentences with mixed of en-ta are left out" in found.said


def test_sentences_of_the_test_that_stand_in_train_of_the_source_are_counted(tmp_path: Path) -> None:
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    rows = [
        ("train", "Yeh  film", "x"),
        ("train", "good thi", "y"),
        ("test", "a b", "x"),
        ("test", "c d", "y"),
    ]
    pd.DataFrame(rows, columns=["split", "text", "label"]).to_csv(paths[0], index=False)
    rows = [("train", "e f", "x"), ("train", "g h", "y"), ("test", "yeh film", "x"), ("test", "i j", "y")]
    pd.DataFrame(rows, columns=["split", "text", "label"]).to_csv(paths[1], index=False)
    found = ground(*(open_task(str(path)) for path in paths))
    assert found.leaks == 1 and "1 of the scored ones stands in train of one" in found.said


def test_a_mapping_renames_in_every_task_that_has_the_label_and_leaves_the_others(make: Make) -> None:
    one, two = make("en-hi", "neg", "pos"), make("en-ta", "negative", "positive")
    specs = {TaskSpec(task.source): task for task in (one, two)}
    found = mapped(specs, ("neg=negative", "pos=positive"))
    first, second = (found[TaskSpec(task.source)] for task in (one, two))
    assert open_task(first).labels == ("negative", "positive")
    assert second == TaskSpec(two.source)


def test_a_mapping_goes_on_from_the_one_that_a_task_has(make: Make) -> None:
    spec = TaskSpec(make("en-hi", "yes", "no").source, mapping=("yes=hate",))
    (found,) = mapped({spec: open_task(spec)}, ("hate=toxic",)).values()
    assert open_task(found).labels == ("no", "toxic")


def test_a_mapping_of_a_label_that_nobody_has_names_the_nearest(make: Make) -> None:
    task = make("en-hi", "negative", "positive")
    with pytest.raises(DataError, match="no task has the label “negatve”: did you mean “negative”"):
        mapped({TaskSpec(task.source): task}, ("negatve=neg",))


def test_a_pair_without_shared_labels_is_a_dash_and_all_of_them_an_error(make: Make) -> None:
    sentiment, hate, other = (
        make("en-hi", "neg", "pos"),
        make("hate", "yes", "no"),
        make("en-ta", "neg", "pos", "x"),
    )
    carries = [one.carries for one in grounds([sentiment], [hate, other])]
    assert carries == [False, True]
    with pytest.raises(DataError, match=r"en-hi → hate: not scored.*Rename them with mapping"):
        grounds([sentiment], [hate])


def test_a_target_that_is_its_source_carries_nothing_over(make: Make, tmp_path: Path) -> None:
    task = make("en-hi", "neg", "pos")
    with pytest.raises(DataError, match="nothing is carried over"):
        grounds([task], [task])
    again = tmp_path / "again.tsv"
    again.write_bytes(Path(task.source).read_bytes())
    with pytest.raises(DataError, match="en-hi and again hold the same sentences"):
        grounds([task], [open_task(str(again))])


def test_two_tasks_of_one_name_are_told_apart_or_refused(
    make: Make, tmp_path: Path, write_task: Callable[..., Path]
) -> None:
    (tmp_path / "b").mkdir()
    twin = write_task(tmp_path / "b" / "en-hi.tsv", ("neg", "pos", "x"))
    with pytest.raises(DataError, match="both go by the name en-hi"):
        grounds([make("en-hi", "neg", "pos")], [open_task(str(twin))])


def test_sizes_that_cannot_hold_the_labels_are_refused(make: Make) -> None:
    three, two = make("en-hi", "a", "b", "c"), make("en-ta", "a", "b")
    check_sizes([three], [two], 3, (0, 2))
    with pytest.raises(DataError, match="train_size = 2: so few sentences cannot hold the 3 labels of en-hi"):
        check_sizes([three], [two], 2, (0,))
    with pytest.raises(DataError, match="target_sizes: 1 sentences cannot hold the 2 shared labels of en-ta"):
        check_sizes([three], [two], 3, (0, 1, 20))
