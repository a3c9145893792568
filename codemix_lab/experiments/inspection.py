"""What models say about single sentences: predictions kept by content, and up to four models in one panel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from codemix_lab import paths
from codemix_lab.config import TaskSpec
from codemix_lab.errors import SpecError
from codemix_lab.evaluation.panel import Panel, check_number
from codemix_lab.experiments.classifier import Classifier, common_ground, common_grounds
from codemix_lab.experiments.parts import part
from codemix_lab.experiments.saved_answers import SavedAnswers, is_saved
from codemix_lab.experiments.store import content_key
from codemix_lab.experiments.tables import kept_table
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task, open_task

MAX_LENGTH = 128


def predictions(
    model: str | Classifier,
    task: TaskSpec | Task,
    split: str = "test",
    limit: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> pd.DataFrame:
    """What a fine-tuned model says about a split: text, gold, predicted, p_<label>.

    Where model and task differ in their labels, only sentences with shared ones are asked about.
    `limit` draws that many sentences, stratified, always the same ones. The answer is kept on disk
    by the content of model and task, so that asking again costs nothing. Raises `CheckpointError`,
    `DataError` and `Cancelled`.
    """
    classifier = Classifier(model) if isinstance(model, str) else model
    opened = open_task(task) if isinstance(task, TaskSpec) else task
    ground = common_ground(opened, [classifier])
    return _kept_or_made(classifier, opened, ground, split, limit, on_progress, should_stop)


def make_panels(
    models: Sequence[str],
    tasks: Sequence[TaskSpec | Task],
    split: str = "test",
    limit: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> list[Panel]:
    """Two to four models or runs on the same sentences, a panel a task, over the labels that all models and tasks have.

    Each is a fine-tuned classifier, a folder that `codemix-lab finetune` wrote for one seed, a run of the
    store, or a file of predictions (`SavedAnswers`); on several tasks a run is asked anew where its model was kept.
    `limit` holds for each task. Predictions are kept as by `predictions`. Raises `SpecError`, `CheckpointError`,
    `DataError`, `StorageError` and `Cancelled`.
    """
    check_number(models)
    opened = [open_task(task) if isinstance(task, TaskSpec) else task for task in tasks]
    several = len(opened) > 1
    asked = [(live_model(ref, split) if several else None) or source(ref, split) for ref in models]
    panels = []
    for place, (task, ground) in enumerate(zip(opened, common_grounds(opened, asked), strict=True)):
        answers = []
        for number, one in enumerate(asked):
            if isinstance(one, SavedAnswers):
                answers.append(one.answers(task, ground, limit))
                continue
            listener = part(on_progress, place * len(asked) + number, len(opened) * len(asked), one.ref)
            answers.append(_kept_or_made(one, task, ground, split, limit, listener, should_stop))
        panels.append(Panel.of(models, answers, ground.labels))
    return panels


def source(ref: str, split: str) -> Classifier | SavedAnswers:
    """What answers for `ref`. Raises `CheckpointError`, `StorageError`, and `SpecError` for several seeds."""
    if is_saved(ref):
        return SavedAnswers(ref, split)
    seeds = sorted(Path(ref).expanduser().glob("seed-*/config.json"))
    if len(seeds) > 1:
        names = ", ".join(str(seed.parent) for seed in seeds[:4])
        raise SpecError(f"{ref} holds several seeds, and a comparison needs one: give {names}.")
    return Classifier(str(seeds[0].parent) if seeds else ref)


def live_model(ref: str, split: str) -> Classifier | None:
    """The model behind `ref`, to be asked anew; None where only predictions were kept. Raises as `source`."""
    found = source(ref, split)
    if isinstance(found, Classifier):
        return found
    kept = found.run.model if found.run is not None else None
    return Classifier(str(kept)) if kept is not None else None


def _kept_or_made(
    classifier: Classifier,
    task: Task,
    ground: Task,
    split: str,
    limit: int | None,
    on_progress: Progress | None,
    should_stop: ShouldStop | None,
) -> pd.DataFrame:
    own = classifier.labels_for(task)
    key = content_key(
        classifier.checkpoint.fingerprint, own, ground.digest, ground.labels, split, limit, MAX_LENGTH
    )

    def make() -> pd.DataFrame:
        rows = ground.split(split)
        if limit is not None:
            rows = stratified_subset(rows, limit, seed=0)
        return classifier.predict(task, rows, ground.labels, MAX_LENGTH, on_progress, should_stop)

    return kept_table(paths.workspace() / "predictions" / f"{key}.parquet", make)
