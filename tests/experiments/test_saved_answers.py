"""Kept predictions stand in for a model where they answer the same sentences, and are refused elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from codemix_lab.config import FineTuneSpec, TaskSpec
from codemix_lab.errors import DataError, SpecError, StorageError
from codemix_lab.experiments.comparison_files import write_predictions
from codemix_lab.experiments.finetuning import run_baseline, run_fine_tune
from codemix_lab.experiments.inspection import make_panels, predictions
from codemix_lab.experiments.store import RunStore


@pytest.fixture
def task(task_file: Path) -> TaskSpec:
    return TaskSpec(str(task_file))


@pytest.fixture
def model(write_classifier: Callable[..., Path], tmp_path: Path) -> str:
    return str(write_classifier(tmp_path / "a", seed=1))


def saved(frame: pd.DataFrame, path: Path) -> str:
    if path.suffix == ".csv":
        return str(write_predictions(frame, path))
    if path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    return str(path)


def test_a_model_its_file_and_a_run_stand_in_one_panel(
    model: str, task: TaskSpec, tmp_path: Path, base: str
) -> None:
    frame = predictions(model, task)
    run = run_fine_tune(FineTuneSpec(base, task, train_size=6, epochs=1), RunStore(), keep_model=False)
    baseline = run_baseline(task, 9, 0, RunStore())
    refs = [model, saved(frame, tmp_path / "p.csv"), str(run.folder), baseline.id[:8]]
    panel = make_panels(refs, [task])[0]
    assert panel.letters == ("A", "B", "C", "D") and len(panel.frame) == 12
    assert panel.pair("A", "B").counts["fixed"] == panel.pair("A", "B").counts["broken"] == 0
    assert panel.answers("C")["predicted"].tolist() == run.predictions("test")["predicted"].tolist()
    assert panel.answers("D")["predicted"].tolist() == baseline.predictions("test")["predicted"].tolist()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_format_is_read_and_a_limit_draws_the_same_sentences(
    model: str, task: TaskSpec, tmp_path: Path, ending: str
) -> None:
    file = saved(predictions(model, task), tmp_path / f"p.{ending}")
    panel = make_panels([model, file], [task], limit=6)[0]
    assert len(panel.frame) == 6
    assert panel.frame["predicted_a"].tolist() == panel.frame["predicted_b"].tolist()
    few = saved(predictions(model, task, limit=6), tmp_path / f"few.{ending}")
    assert len(make_panels([file, few], [task], limit=6)[0].frame) == 6


def test_formulas_in_a_file_are_the_sentences_they_were(
    write_classifier: Callable[..., Path], tmp_path: Path, model: str
) -> None:
    lines = [f"={i}+1 film\t{('negative', 'neutral', 'positive')[i % 3]}\ttest" for i in range(9)]
    table = tmp_path / "formulas.tsv"
    table.write_text("text\tlabel\tsplit\n" + "\n".join(lines) + "\n", encoding="utf-8")
    task = TaskSpec(str(table))
    file = saved(predictions(model, task), tmp_path / "p.csv")
    assert "'=0+1 film" in Path(file).read_text(encoding="utf-8-sig")
    assert make_panels([model, file], [task])[0].frame["text"].iloc[0] == "=0+1 film"


def test_shared_labels_are_cut_out_and_renormalised(
    model: str, task: TaskSpec, tmp_path: Path, write_classifier: Callable[..., Path]
) -> None:
    file = saved(predictions(model, task), tmp_path / "p.parquet")
    two = str(write_classifier(tmp_path / "two", ("negative", "positive")))
    panel = make_panels([file, two, model], [task])[0]
    assert panel.labels == ("negative", "positive") and len(panel.frame) == 8
    pd.testing.assert_frame_equal(panel.answers("A"), panel.answers("C"), rtol=1e-5)


def test_answers_to_something_else_are_refused(
    model: str, task: TaskSpec, tmp_path: Path, write_task: Callable[..., Path]
) -> None:
    frame = predictions(model, task)
    short = saved(frame.iloc[:-2], tmp_path / "short.parquet")
    with pytest.raises(DataError, match="has 10 predictions and the test split .* 12 sentences"):
        make_panels([model, short], [task])
    other = saved(frame.assign(text=frame["text"] + "!"), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="other sentences or labels"):
        make_panels([model, other], [task])
    blank = saved(frame.assign(p_neutral=[None, *frame["p_neutral"][1:]]), tmp_path / "blank.parquet")
    with pytest.raises(DataError, match="lacks a probability in row 1"):
        make_panels([model, blank], [task])
    strange = saved(
        frame.rename(columns=lambda name: name.replace("p_n", "p_x")), tmp_path / "strange.parquet"
    )
    with pytest.raises(DataError, match="No labels to compare on"):
        make_panels([model, strange], [task])
    for name, content in (
        ("no.csv", "a,b\n1,2\n"),
        ("no.parquet", "PAR1"),
        ("bare.csv", "text,gold,predicted\n"),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="predictions"):
            make_panels([model, str(tmp_path / name)], [task])
    baseline = run_baseline(task, 9, 0, RunStore())
    with pytest.raises(StorageError, match="no predictions for “train”"):
        make_panels([model, str(baseline.folder)], [task], split="train")


def test_a_folder_of_seeds_is_its_only_seed(
    task: TaskSpec, tmp_path: Path, write_classifier: Callable[..., Path], model: str
) -> None:
    write_classifier(tmp_path / "runs" / "seed-0", seed=1)
    assert len(make_panels([model, str(tmp_path / "runs")], [task])[0].frame) == 12
    write_classifier(tmp_path / "runs" / "seed-1", seed=2)
    with pytest.raises(SpecError, match=r"several seeds.*seed-0"):
        make_panels([model, str(tmp_path / "runs")], [task])
