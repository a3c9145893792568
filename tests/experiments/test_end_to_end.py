"""The whole line with tiny random models: a real worker fine-tunes, the models transfer, a curve is kept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from codemix_lab.config import FineTuneSpec, MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.experiments.comparison_files import write_comparison
from codemix_lab.experiments.curves import cached_curve, curve_path
from codemix_lab.experiments.finetuning import BASELINE
from codemix_lab.experiments.jobs import Job, JobQueue
from codemix_lab.experiments.side_by_side import side_by_side
from codemix_lab.experiments.store import RunStore
from codemix_lab.experiments.transfer import transfer
from codemix_lab.text.tasks import open_task


def ended(queue: JobQueue, job: Job) -> Job:
    until = time.monotonic() + 100
    while not (job := queue.get(job.id)).state.is_over:
        assert time.monotonic() < until, job.log
        time.sleep(0.05)
    return job


def payload(base: str, adapted: str, task: TaskSpec, epochs: int) -> dict[str, object]:
    merge = MergeSpec(base=base, adapted=(adapted,), scaling=0.5)
    template = FineTuneSpec(model=base, task=task, train_size=9, epochs=epochs, batch_size=4)
    starts = {"base": base, "merge": merge.to_dict()}
    return {"starts": starts, "template": template.to_dict(), "seeds": [0]}


def test_compare_starts_by_a_worker_then_transfer_and_inspect(
    base: str, adapted: str, task_file: Path, tmp_path: Path
) -> None:
    queue, task = JobQueue(), TaskSpec(str(task_file))
    job = ended(queue, queue.submit("compare-starts", payload(base, adapted, task, 1), "two starts"))
    assert job.error is None and job.state == "done", job.log
    json.dumps(job.result)
    table = pd.DataFrame(job.result["table"])
    assert set(table["start"]) == {"base", "merge", BASELINE} and len(job.rows) == len(table) == 6
    assert job.progress is not None and job.progress[0] == job.progress[1]

    runs = RunStore().list()
    models = runs["model"].dropna().tolist()
    assert len(runs) == 3 and len(models) == 2
    matrix = transfer(models, [task], limit=9)
    assert matrix["macro_f1"].between(0, 1).all() and matrix["n"].tolist() == [9, 9]
    compared = side_by_side(models, task)
    out = write_comparison(compared, tmp_path / "out")
    assert len(pd.read_csv(out / "rows.csv")) == 12


def test_fine_tune_in_a_worker_is_cancelled_and_leaves_nothing(
    base: str, adapted: str, task_file: Path
) -> None:
    queue = JobQueue()
    job = queue.submit("compare-starts", payload(base, adapted, TaskSpec(str(task_file)), 100), "long")
    while not job.state.is_over and not job.progress:
        time.sleep(0.05)
        job = queue.get(job.id)
    began = time.monotonic()
    queue.cancel(job.id)
    assert ended(queue, job).state == "cancelled"
    assert time.monotonic() - began < 3
    assert RunStore().list().empty and not list(RunStore().root.glob(".*.part"))


def test_curve_of_a_real_scorer_is_kept(
    base: str, adapted: str, task_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = open_task(TaskSpec(str(task_file)))
    probe = ProbeSpec(train_size=24, score_size=12)
    spec = MergeSpec(base=base, adapted=(adapted,))
    scorer = MergeScorer.open(base, [adapted], task, probe)
    curve = cached_curve(scorer, spec)
    assert curve_path(scorer, spec).is_file()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the curve is there already")

    monkeypatch.setattr(MergeScorer, "curve", never)
    again = MergeScorer.open(base, [adapted], task, probe)
    assert cached_curve(again, spec.replace(scaling=1.0)).at(0.3).macro_f1 == curve.at(0.3).macro_f1
