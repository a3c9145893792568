"""A comparison opens again as it was, costs its own predictions only, and knows saved slices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from codemix_lab.config import TaskSpec
from codemix_lab.errors import Cancelled, DataError, SpecError, StorageError
from codemix_lab.evaluation.slices import cut, slice_table
from codemix_lab.experiments import side_by_side as module
from codemix_lab.experiments.classifier import Classifier
from codemix_lab.experiments.inspection import predictions
from codemix_lab.experiments.side_by_side import SideBySide, open_side_by_side, side_by_side


@pytest.fixture
def task(task_file: Path) -> TaskSpec:
    return TaskSpec(str(task_file))


@pytest.fixture
def models(write_classifier: Callable[..., Path], tmp_path: Path) -> list[str]:
    return [str(write_classifier(tmp_path / name, seed=seed)) for seed, name in enumerate("abc")]


@pytest.fixture
def found(models: list[str], task: TaskSpec) -> SideBySide:
    return side_by_side(models, task)


def test_it_opens_again_as_it_was(found: SideBySide, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("worked out again")

    for name in ("sentence_traits", "slice_table", "find_slices", "open_task"):
        monkeypatch.setattr(module, name, never)
    again = open_side_by_side(found.key)
    pd.testing.assert_frame_equal(again.panel.frame, found.panel.frame)
    pd.testing.assert_frame_equal(again.traits, found.traits)
    assert (again.panel.models, again.panel.labels) == (found.panel.models, found.panel.labels)
    assert again.portions == found.portions and found.portions[0].pair == "en-hi"
    assert again.panel.digest == found.panel.digest
    for pair in found.panel.pairs:
        for name, table in found.slices(*pair).items():
            pd.testing.assert_frame_equal(again.slices(*pair)[name], table)


def test_rows_have_every_answer_every_trait_and_the_pile_of_two(found: SideBySide) -> None:
    rows = found.rows("A", "C")
    assert {"predicted_a", "predicted_c", "p_b_neutral", "pile", "gold_gain", "cmi", "pair"} <= set(rows)
    assert {"fertility", "rare_pieces", "script", "negation", "duplicate", "matrix"} <= set(rows)
    fixed = (rows["predicted_a"] != rows["gold"]) & (rows["predicted_c"] == rows["gold"])
    assert (fixed == (rows["pile"] == "fixed")).all()


def test_notes_belong_to_the_sentences_whichever_models_are_compared(
    found: SideBySide, models: list[str], task: TaskSpec
) -> None:
    other = side_by_side(models[:2], task)
    assert other.key != found.key and other.sentences == found.sentences
    assert side_by_side(models, task).key == found.key


def test_saved_slices_stand_among_the_others(found: SideBySide) -> None:
    asked = {
        "short": "words < 100",
        "nothing": '"no such words" in text',
        "elsewhere": "n_hi > 3",
        "A wrong": "predicted_a != gold",
    }
    table = found.saved_slices(asked, "A", "B").set_index("name")
    assert list(table.index) == list(asked)
    whole = slice_table(
        found.panel.pair().frame,
        [module.Slice("", "", (found.traits["words"] < 100).to_numpy())],
        found.panel.labels,
        fewest=1,
    )
    assert table.loc["short", "f1_b"] == whole["f1_b"].iloc[0]
    assert table.loc["nothing", "sentences"] == 0 and table.loc["nothing", "note"] == "No sentence fits."
    assert "no column “n_hi”" in table.loc["elsewhere", "note"]
    assert table.loc["A wrong", "broken"] == 0 and table.loc["A wrong", "f1_a"] == 0
    assert found.saved_slices({}).empty


def test_saved_predictions_alone_have_no_pieces(models: list[str], task: TaskSpec, tmp_path: Path) -> None:
    files = []
    for model in models[:2]:
        files.append(str(tmp_path / f"{Path(model).name}.parquet"))
        predictions(model, task).to_parquet(files[-1])
    found = side_by_side(files, task)
    assert "fertility" not in found.traits and "words" in found.traits


def test_damage_is_told_and_wrong_numbers_of_models_refused(
    found: SideBySide, models: list[str], task: TaskSpec
) -> None:
    with pytest.raises(SpecError, match="two to 4"):
        side_by_side(models[:1], task)
    with pytest.raises(Cancelled):
        side_by_side(models, task, limit=6, should_stop=lambda: True)
    (found.folder / "slices-ab.parquet").write_bytes(b"no table")
    assert len(open_side_by_side(found.key).slices("A", "B")) == 2
    (found.folder / "rows.parquet").write_bytes(b"no table")
    with pytest.raises(StorageError, match="compare again"):
        open_side_by_side(found.key)
    with pytest.raises(StorageError, match="gone"):
        open_side_by_side("0" * 20)


@pytest.fixture
def spanish(write_task: Callable[..., Path], tmp_path: Path) -> TaskSpec:
    """The labels of the task among others, written with capitals, in another pair."""
    return TaskSpec(str(write_task(tmp_path / "mine.en-es.tsv", ("Positive", "Negative", "Mixed"))))


def test_several_tasks_stand_one_after_the_other_over_the_labels_they_share(
    models: list[str], task: TaskSpec, spanish: TaskSpec
) -> None:
    found = side_by_side(models[:2], [task, spanish])
    assert found.panel.labels == ("negative", "positive")
    first, second = (portion.count for portion in found.portions)
    assert [portion.pair for portion in found.portions] == ["en-hi", "en-es"]
    assert first and second and len(found.panel.frame) == first + second == len(found.traits)
    rows = found.rows()
    assert rows["pair"].tolist() == ["en-hi"] * first + ["en-es"] * second and rows["task"].nunique() == 2
    assert set(rows["gold"]) == {"negative", "positive"}
    assert (found.portion_of(0), found.portion_of(first - 1), found.portion_of(first)) == (0, 0, 1)
    pairs = slice_table(found.panel.pair().frame, cut(found.traits[["pair"]]), found.panel.labels, fewest=1)
    assert dict(zip(pairs["slice"], pairs["sentences"], strict=True)) == {
        "pair == 'en-hi'": first,
        "pair == 'en-es'": second,
    }
    again = open_side_by_side(found.key)
    assert again.portions == found.portions
    pd.testing.assert_frame_equal(again.traits, found.traits)


def test_predictions_are_kept_task_by_task(
    models: list[str], task: TaskSpec, spanish: TaskSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    side_by_side(models[:2], [spanish])
    other = spanish.replace(mapping=("Mixed=",))
    side_by_side(models[:2], [task, other])
    monkeypatch.setattr(Classifier, "predict", lambda *_, **__: pytest.fail("predicted again"))
    assert side_by_side(models[:2], [other, task]).portions[0].pair == "en-es"


def test_tasks_that_do_not_fit_together_are_told(
    models: list[str], task: TaskSpec, write_task: Callable[..., Path], tmp_path: Path
) -> None:
    strange = TaskSpec(str(write_task(tmp_path / "odd.en-es.tsv", ("neutral", "hate"))))
    with pytest.raises(DataError, match="No labels to compare on"):
        side_by_side(models[:2], [task, strange])
    two = [
        TaskSpec(str(write_task(tmp_path / f"{i}.en-es.tsv", labels)))
        for i, labels in enumerate((("negative", "neutral"), ("neutral", "positive")))
    ]
    with pytest.raises(DataError, match="share fewer than two labels"):
        side_by_side(models[:2], two)
    with pytest.raises(SpecError, match="every task once"):
        side_by_side(models[:2], [task, task])
    file = tmp_path / "kept.parquet"
    predictions(models[0], task).to_parquet(file)
    with pytest.raises(DataError, match="other sentences or labels|some are missing"):
        side_by_side([models[0], str(file)], [task, two[0].replace(mapping=("neutral=positive",))])
