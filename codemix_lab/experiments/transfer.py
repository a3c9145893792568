"""Cross-lingual transfer: every model scored on every task, over the labels the two share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.evaluation.metrics import score
from codemix_lab.experiments.classifier import Classifier, common_ground
from codemix_lab.experiments.inspection import predictions
from codemix_lab.experiments.parts import part
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped
from codemix_lab.text.tasks import Task, open_task

COLUMNS = ["model", "task", "pair", "labels", "n", "macro_f1", "low", "high", "note"]


def transfer(
    models: Sequence[str],
    tasks: Sequence[TaskSpec],
    split: str = "test",
    limit: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_row: Callable[[dict[str, Any]], None] | None = None,
) -> pd.DataFrame:
    """Macro-F1 with its 95 % interval for every model on every task: one row each, in `COLUMNS`.

    A model that tells other labels apart than a task has is scored on the shared ones (`note` says
    so); where fewer than two are shared the row holds NaN and `note` the reason. Models and tasks are
    all looked at before the first prediction. Raises `CheckpointError`, `DataError` and `Cancelled`.
    """
    opened = [open_task(task) for task in tasks]
    for task in opened:
        task.split(split)
    for model in models:
        Classifier(model)
    rows = []
    for i, model in enumerate(models):
        classifier = Classifier(model)
        for j, task in enumerate(opened):
            raise_if_stopped(should_stop)
            label = f"{classifier.checkpoint.folder.name} on {task.name}"
            listener = part(on_progress, i * len(opened) + j, len(models) * len(opened), label)
            rows.append(_cell(classifier, task, split, limit, listener, should_stop))
            if on_row is not None:
                on_row(rows[-1])
    return pd.DataFrame(rows, columns=COLUMNS)


def _cell(
    classifier: Classifier,
    task: Task,
    split: str,
    limit: int | None,
    on_progress: Progress | None,
    should_stop: ShouldStop | None,
) -> dict[str, Any]:
    row: dict[str, Any] = {"model": classifier.ref, "task": task.name, "pair": task.pair}
    try:
        ground = common_ground(task, [classifier])
    except DataError as error:
        unknown = {"macro_f1": math.nan, "low": math.nan, "high": math.nan}
        return {**row, "labels": "", "n": 0, **unknown, "note": str(error)}
    frame = predictions(classifier, task, split, limit, on_progress, should_stop)
    scores = score(frame["gold"].tolist(), frame["predicted"].tolist(), ground.labels)
    low, high = scores.interval
    shared = ", ".join(ground.labels)
    return {
        **row,
        "labels": shared,
        "n": scores.n,
        "macro_f1": scores.macro_f1,
        "low": low,
        "high": high,
        "note": "" if ground is task else f"Scored on the shared labels {shared}.",
    }
