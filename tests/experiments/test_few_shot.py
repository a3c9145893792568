"""Few-shot in a target: the right sentences, none of its test, and a source classifier that stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from codemix_lab.config import RunSpec, TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.experiments.regime_runs import RegimeRuns
from codemix_lab.experiments.regimes import few_shot
from codemix_lab.experiments.regimes.bench import Outcome
from codemix_lab.text.tasks import Task, open_task
from codemix_lab.training import finetune

ROWS = [
    ("train", "yeh film good thi", "POSITIVE"),
    ("train", "Bakwas  ENDING laga", "NEGATIVE"),
    ("train", "ending bahut bakwas", "NEGATIVE"),
    ("train", "film theek thi", "mixed"),
    ("dev", "good yaar", "POSITIVE"),
    ("dev", "bakwas yaar", "NEGATIVE"),
    ("test", "bakwas ending laga", "NEGATIVE"),
    ("test", "bahut good film", "POSITIVE"),
]


@pytest.fixture
def target(tmp_path: Path) -> Task:
    path = tmp_path / "few.en-ta.csv"
    pd.DataFrame(ROWS, columns=["split", "text", "label"]).to_csv(path, index=False)
    return open_task(str(path))


@pytest.fixture
def source(task_file: Path) -> Task:
    return open_task(str(task_file))


def test_the_rows_are_train_sentences_with_shared_labels_and_none_of_the_test(
    source: Task, target: Task
) -> None:
    found = few_shot.few_shot_rows(source, target, ("negative", "positive"), 10, seed=0)
    assert found[["text", "label"]].to_numpy().tolist() == [
        ["yeh film good thi", "positive"],
        ["ending bahut bakwas", "negative"],
    ]


def test_fewer_sentences_than_labels_are_refused(source: Task, target: Task) -> None:
    with pytest.raises(DataError, match=r"1 sentences of few.en-ta cannot hold its 2 shared labels"):
        few_shot.few_shot_rows(source, target, ("negative", "positive"), 1, seed=0)


def test_smaller_draws_lie_in_larger_ones(
    source: Task, write_task: Callable[..., Path], tmp_path: Path
) -> None:
    other = open_task(str(write_task(tmp_path / "en-ml.tsv", ("positive", "negative"))))
    drawn = [
        set(few_shot.few_shot_rows(source, other, ("negative", "positive"), size, seed=3)["text"])
        for size in (4, 8, 16)
    ]
    assert [len(texts) for texts in drawn] == [4, 8, 16]
    assert drawn[0] < drawn[1] < drawn[2] and not drawn[2] & set(other.split("test")["text"])


def test_zero_shot_comes_first_and_is_all_where_nothing_is_learned(source: Task, target: Task) -> None:
    asked = RunSpec("ngrams", source.source, targets=(target.source,), target_sizes=(2, 4))
    seen: list[int] = []

    def goes_on(rows: pd.DataFrame) -> few_shot.Predictor:
        seen.append(len(rows))
        return lambda texts: np.ones((len(texts), 3))

    def sizes(outcome: Outcome, other: Task) -> list[int]:
        return [
            size for size, _ in few_shot.predictors(asked, outcome, source, other, ("negative", "positive"))
        ]

    learns = Outcome(lambda texts: np.zeros((len(texts), 3)), goes_on=goes_on)
    assert sizes(learns, target) == [0, 2, 4] and seen == [2, 2]
    assert sizes(learns, source) == [0]
    assert sizes(Outcome(learns.predict), target) == [0]


def test_a_network_goes_on_from_where_the_source_left_it(
    base: str, task_file: Path, write_task: Callable[..., Path], tmp_path: Path, workspace: Path
) -> None:
    other = TaskSpec(str(write_task(tmp_path / "en-ta.tsv", ("Positive", "Negative"))))
    runs = RegimeRuns()
    spec = RunSpec(
        "full",
        TaskSpec(str(task_file)),
        base,
        train_size=9,
        epochs=1,
        learning_rate=1e-2,
        targets=(other,),
        target_sizes=(8,),
        target_epochs=2,
    )
    few = runs.run(spec)
    zero = runs.run(spec.replace(target_sizes=()))
    assert set(few.metrics) == {"dev", "test", "test of en-ta", "test of en-ta after 8"}
    for split in ("test", "test of en-ta"):
        pd.testing.assert_frame_equal(few.predictions(split), zero.predictions(split))
    source, target = runs.bench.task(spec.task), runs.bench.task(other)
    trained = runs.bench.fine_tune(spec, base)
    before = {name: tensor.clone() for name, tensor in trained.model.state_dict().items()}
    rows = few_shot.few_shot_rows(source, target, ("negative", "positive"), 8, 0)
    by_hand = finetune.go_on(trained, spec.fine_tuning(base).replace(epochs=2), source, rows)
    assert by_hand.train_sentences == 8
    assert all(torch.equal(trained.model.state_dict()[name], before[name]) for name in before)
    found = runs.bench.outcome(spec, by_hand).predict(list(few.predictions("test of en-ta")["text"]))
    kept = found[:, [source.labels.index(label) for label in ("negative", "positive")]]
    kept /= kept.sum(axis=1, keepdims=True)
    told = few.predictions("test of en-ta after 8")[["p_negative", "p_positive"]].to_numpy()
    assert told == pytest.approx(kept, abs=1e-5)
    assert abs(told - zero.predictions("test of en-ta")[["p_negative", "p_positive"]].to_numpy()).max() > 1e-3


def test_ngrams_learn_from_both(task_file: Path, write_task: Callable[..., Path], tmp_path: Path) -> None:
    other = str(write_task(tmp_path / "en-ta.tsv", ("Positive", "Negative")))
    runs = RegimeRuns()
    run = runs.run(RunSpec("ngrams", str(task_file), train_size=9, targets=(other,), target_sizes=(24,)))
    after = run.predictions("test of en-ta after 24")
    assert run.metrics["test of en-ta after 24"].labels == ("negative", "positive")
    assert not after.equals(run.predictions("test of en-ta"))


@pytest.mark.parametrize(
    "changes", [{"regime": "full", "lora": True, "rank": 4}, {"regime": "merge-after"}, {"regime": "probe"}]
)
def test_adapters_merges_and_probes_go_on_too(
    changes: dict[str, object],
    base: str,
    adapted: str,
    task_file: Path,
    write_task: Callable[..., Path],
    tmp_path: Path,
) -> None:
    other = str(write_task(tmp_path / "en-ta.tsv", ("Positive", "Negative")))
    run = RegimeRuns().run(
        RunSpec(
            task=str(task_file),
            base=base,
            adapted=adapted,
            train_size=9,
            epochs=1,
            learning_rate=1e-2,
            targets=(other,),
            target_sizes=(16,),
            **changes,
        )
    )
    columns = ["p_negative", "p_positive"]
    before, after = (
        run.predictions(few_shot.target_split("en-ta", size))[columns].to_numpy() for size in (0, 16)
    )
    assert abs(after - before).max() > 1e-3
