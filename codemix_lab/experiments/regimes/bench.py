"""The steps that all regimes are made of, and what one process need not do twice for many runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from codemix_lab.config import FineTuneSpec, MergeSpec, RunSpec, TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.evaluation.predict import predict
from codemix_lab.models.devices import autocast, device
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task, open_task
from codemix_lab.training.finetune import Trained, go_on, train_classifier
from codemix_lab.training.starts import OpenMerge, open_merge

_KEPT = 2

Predictor = Callable[[Sequence[str]], np.ndarray]
"""Sentences in, probabilities (sentences, labels of the task) out."""

GoesOn = Callable[[pd.DataFrame], Predictor]
"""Further labelled sentences (text, label of the task) in, what the classifier becomes with them out."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a recipe ends with: a predictor, plain values worth recording, and a fine-tuned model if any.

    `goes_on` is how the classifier learns from further sentences; None where it does not learn.
    """

    predict: Predictor
    facts: dict[str, Any] = field(default_factory=dict)
    trained: Trained | None = None
    goes_on: GoesOn | None = None


class Bench:
    """Steps for recipes. Tasks, opened merges and the last fine-tune are kept for the next run.

    `stage` gives the folder of the fine-tune on the English task that a run starts from.
    `on_progress` and `should_stop` may be set anew before each run.
    """

    def __init__(self, stage: Callable[[RunSpec], Path] | None = None) -> None:
        self._stage = stage
        self.on_progress: Progress | None = None
        self.should_stop: ShouldStop | None = None
        self._tasks: dict[TaskSpec, Task] = {}
        self._merges: OrderedDict[tuple[str, tuple[str, ...]], OpenMerge] = OrderedDict()
        self._last: tuple[FineTuneSpec, Path | None, Trained] | None = None

    def task(self, spec: TaskSpec) -> Task:
        """The task, opened once."""
        if spec not in self._tasks:
            self._tasks[spec] = open_task(spec)
        return self._tasks[spec]

    def train_rows(self, spec: RunSpec) -> pd.DataFrame:
        """The train sentences of this run: the same for every regime with this seed and size."""
        return stratified_subset(self.task(spec.task).split("train"), spec.train_size, spec.seed)

    def scored(self, spec: RunSpec) -> dict[str, pd.DataFrame]:
        """The splits that are scored, cut to `score_size` by one draw for all runs.

        Raises `DataError` when the task has none of them.
        """
        task = self.task(spec.task)
        there = [split for split in spec.splits if (task.frame["split"] == split).any()]
        if not there:
            raise DataError(f"The task {task.name} has no split {' or '.join(spec.splits)} to score.")
        rows = {split: task.split(split) for split in there}
        if spec.score_size is None:
            return rows
        return {split: stratified_subset(frame, spec.score_size, 0) for split, frame in rows.items()}

    def merge(self, base: str, adapted: Sequence[str]) -> OpenMerge:
        """Base and task vectors in memory; the last few stay open."""
        key = (base, tuple(adapted))
        if key not in self._merges:
            while len(self._merges) >= _KEPT:
                self._merges.popitem(last=False)
            self._merges[key] = open_merge(base, adapted)
        self._merges.move_to_end(key)
        return self._merges[key]

    def fine_tune(
        self,
        spec: RunSpec,
        start: str | MergeSpec,
        rows: pd.DataFrame | None = None,
        head: Path | None = None,
    ) -> Trained:
        """A classifier from `start` on the train sentences of the run, or on `rows`.

        The last one is given again where exactly it is asked for; copy before changing its weights.
        """
        asked = spec.fine_tuning(start)
        if rows is None and self._last is not None and self._last[:2] == (asked, head):
            return self._last[2]
        task = self.task(spec.task)
        trained = train_classifier(asked, task, rows, self.on_progress, self.should_stop, self.merge, head)
        if rows is None:
            self._last = (asked, head, trained)
        return trained

    def english_stage(self, spec: RunSpec) -> Path:
        """Folder of the fine-tune on the English task. Raises `DataError` where nobody can give it."""
        if self._stage is None:
            raise DataError("The fine-tune on the English task is not there: run it first.")
        return self._stage(spec)

    def outcome(self, spec: RunSpec, trained: Trained, **facts: Any) -> Outcome:
        """The end of every recipe that fine-tunes."""
        labels = self.task(spec.task).labels
        told = {"train_sentences": trained.train_sentences, "seconds": round(trained.seconds, 1)}

        def classify(texts: Sequence[str]) -> np.ndarray:
            model = trained.model.to(device())
            with autocast():
                return predict(
                    model,
                    trained.tokenizer,
                    texts,
                    labels,
                    spec.max_length,
                    on_progress=self.on_progress,
                    should_stop=self.should_stop,
                )

        def goes_on(rows: pd.DataFrame) -> Predictor:
            asked = spec.fine_tuning(spec.base).replace(epochs=spec.target_epochs)
            task = self.task(spec.task)
            further = go_on(trained, asked, task, rows, self.on_progress, self.should_stop)
            return self.outcome(spec, further).predict

        return Outcome(classify, {**told, **facts}, trained, goes_on)
