"""Fine-tuning as an experiment: every run kept and found again, starts compared seed by seed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from codemix_lab.config import FineTuneSpec, MergeMethod, MergeSpec, TaskSpec
from codemix_lab.errors import SpecError
from codemix_lab.evaluation.metrics import Scores, score
from codemix_lab.evaluation.ngram_baseline import ngram_baseline
from codemix_lab.evaluation.predict import prediction_frame
from codemix_lab.experiments.classifier import Classifier
from codemix_lab.experiments.parts import part
from codemix_lab.experiments.run import CURVE, MODEL, Findings, Run, RunKey
from codemix_lab.experiments.seed_summary import summary
from codemix_lab.experiments.store import RunStore
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task, open_task
from codemix_lab.training.finetune import fine_tune
from codemix_lab.training.starts import check_start

__all__ = ["BASELINE", "compare_starts", "run_baseline", "run_fine_tune", "summary"]

BASELINE = "character n-grams"
RECIPE = 1
"""Raised when fine-tuning, baseline or scoring compute something else: older runs are then not found."""
SCORED = ("dev", "test")
COLUMNS = ["start", "seed", "split", "macro_f1", "low", "high", "run"]
_KIND, _KIND_WITHOUT_MODEL, _KIND_BASELINE = "fine-tune", "fine-tune-scores", "baseline"


def run_fine_tune(
    spec: FineTuneSpec,
    store: RunStore,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    keep_model: bool = True,
) -> Run:
    """Fine-tune, predict and score dev and test, and keep it all; found in the store, it is returned at once.

    Without `keep_model` the weights are dropped once their predictions are kept. Raises
    `CheckpointError`, `DataError`, `StorageError` and `Cancelled`; nothing half-made is kept.
    """
    check_start(spec.model)
    task = open_task(spec.task)
    inputs = (*_fingerprints(spec.model), task.digest, f"recipe {RECIPE}")
    whole = RunKey(_KIND, spec, inputs)
    key = whole if keep_model else RunKey(_KIND_WITHOUT_MODEL, spec, inputs)
    found = store.find(whole) or store.find(key)

    def write(folder: Path) -> Findings:
        out = folder / MODEL
        result = fine_tune(spec, out, part(on_progress, 0, 10, width=8), should_stop)
        (folder / CURVE).write_text(json.dumps(result.curve), encoding="utf-8")
        classifier = Classifier(str(out))
        metrics = {}
        for place, (split, rows) in enumerate(_scored_splits(task)):
            listener = part(on_progress, 8 + place, 10)
            frame = classifier.predict(task, rows, task.labels, spec.max_length, listener, should_stop)
            metrics[split] = _keep(frame, task, split, folder)
        if not keep_model:
            shutil.rmtree(out)
        trained = {"train_sentences": result.train_sentences, "seconds": round(result.seconds, 1)}
        return Findings(metrics, {"start": start_name(spec.model), "task": task.name, **trained})

    return found or store.save(key, write)


def run_baseline(task_spec: TaskSpec, train_size: int, seed: int, store: RunStore) -> Run:
    """The plain baseline on the same train sentences as a fine-tune of this size and seed, kept likewise."""
    task = open_task(task_spec)
    spec = FineTuneSpec(model=BASELINE, task=task_spec, train_size=train_size, seed=seed)

    def write(folder: Path) -> Findings:
        train = stratified_subset(task.split("train"), train_size, seed)
        metrics = {}
        for split, rows in _scored_splits(task):
            found = ngram_baseline(
                train["text"].tolist(), train["label"].tolist(), rows["text"].tolist(), task.labels
            )
            metrics[split] = _keep(prediction_frame(rows, found, task.labels), task, split, folder)
        return Findings(metrics, {"start": BASELINE, "task": task.name, "train_sentences": len(train)})

    return store.save(RunKey(_KIND_BASELINE, spec, (task.digest, f"recipe {RECIPE}")), write)


def compare_starts(
    starts: Mapping[str, str | MergeSpec],
    template: FineTuneSpec,
    seeds: Sequence[int],
    store: RunStore,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_run: Callable[[dict[str, Any]], None] | None = None,
) -> pd.DataFrame:
    """Fine-tune every start with every seed, the same sentences, order and head for each: `COLUMNS`.

    `template` says all but model and seed. The plain baseline comes last, on the same sentences.
    Seeds are finished one by one, so that what is there when it is stopped can be compared; a second
    call goes on from there. Models of the first seed are kept, of the others only predictions.
    Raises `SpecError` for no starts, no or repeated seeds, and what `run_fine_tune` raises.
    """
    _check(starts, seeds)
    rows: list[dict[str, Any]] = []
    total = len(seeds) * len(starts)

    def add(name: str, seed: int, run: Run) -> None:
        for split, scores in run.metrics.items():
            low, high = scores.interval
            values = (name, seed, split, scores.macro_f1, low, high, run.id)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
            if on_run is not None:
                on_run(rows[-1])

    for i, seed in enumerate(seeds):
        for j, (name, start) in enumerate(starts.items()):
            raise_if_stopped(should_stop)
            listener = part(on_progress, i * len(starts) + j, total, f"{name}, seed {seed}")
            spec = template.replace(model=start, seed=seed)
            add(name, seed, run_fine_tune(spec, store, listener, should_stop, keep_model=i == 0))
        add(BASELINE, seed, run_baseline(template.task, template.train_size, seed, store))
    names = [*starts, BASELINE]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(
        "start", key=lambda column: column.map(names.index), kind="stable", ignore_index=True
    )


def start_name(start: str | MergeSpec) -> str:
    """A start in a few words, for tables; two merges that differ have names that differ.

    >>> start_name(MergeSpec(base="starter", adapted=("starter:en-hi",), scaling=0.6))
    'starter + 0.6 × starter:en-hi'
    """
    if isinstance(start, str):
        return start
    weights = start.weights or (1.0,) * len(start.adapted)
    named = [ref if w == 1 else f"{w:g}·{ref}" for w, ref in zip(weights, start.adapted, strict=True)]
    combined = " & ".join(named)
    if start.method is not MergeMethod.TASK_ARITHMETIC:
        density = f" {start.density:g}" if "density" in start.method.reads else ""
        combined = f"{start.method.label}{density} ({combined})"
    further = [said for said in start.said() if not said.startswith("weights ")]
    return ", ".join([f"{start.base} + {start.scaling:g} × {combined}", *further])


def _check(starts: Mapping[str, str | MergeSpec], seeds: Sequence[int]) -> None:
    if not starts:
        raise SpecError("Name at least one start to fine-tune from.")
    if BASELINE in starts:
        raise SpecError(f"“{BASELINE}” is the name of the baseline: call the start something else.")
    if not seeds or len(set(seeds)) < len(seeds):
        raise SpecError("Give at least one seed, and each of them once.")
    for start in starts.values():
        check_start(start)


def _fingerprints(start: str | MergeSpec) -> tuple[str, ...]:
    if isinstance(start, str):
        return (open_checkpoint(start).fingerprint,)
    base = open_checkpoint(start.base)
    return base.fingerprint, *(open_checkpoint(ref, base=base).fingerprint for ref in start.adapted)


def _scored_splits(task: Task) -> list[tuple[str, pd.DataFrame]]:
    there = set(task.frame["split"])
    return [(split, task.split(split)) for split in SCORED if split in there]


def _keep(frame: pd.DataFrame, task: Task, split: str, folder: Path) -> Scores:
    frame.to_parquet(folder / f"predictions-{split}.parquet", index=False)
    return score(frame["gold"].tolist(), frame["predicted"].tolist(), task.labels)
