"""One run of one regime, kept in the store and found again by its spec and what it reads."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codemix_lab.config import Regime, RunSpec
from codemix_lab.errors import DataError, StorageError
from codemix_lab.evaluation.metrics import Scores, score
from codemix_lab.evaluation.predict import prediction_frame
from codemix_lab.experiments.classifier import narrowed
from codemix_lab.experiments.regimes import Bench, Outcome, recipe_of
from codemix_lab.experiments.regimes.few_shot import predictors, target_split
from codemix_lab.experiments.run import CURVE, MODEL, Findings, Run, RunKey
from codemix_lab.experiments.store import RunStore
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import shared_labels
from codemix_lab.training.finetune import save_classifier

KIND = "regime"
RECIPE = 1
"""Raised when a regime computes something else: older runs are then not found."""


class RegimeRuns:
    """Runs of regimes in one store by one process, which keeps open what they share."""

    def __init__(self, store: RunStore | None = None) -> None:
        self.store = store or RunStore()
        self.bench = Bench(self._stage)

    def key(self, spec: RunSpec) -> RunKey:
        """What the run is stored under: its spec, and fingerprints of the models and tasks it reads."""
        inputs = [f"recipe {RECIPE}", self.bench.task(spec.task).digest]
        others = (*spec.targets, *(() if spec.english is None else (spec.english,)))
        inputs += [self.bench.task(other).digest for other in others]
        if "base" in spec.regime.reads and spec.endpoint is None:
            base = open_checkpoint(spec.base)
            inputs += [
                base.fingerprint,
                *(open_checkpoint(ref, base=base).fingerprint for ref in spec.adapted),
            ]
        return RunKey(KIND, spec, tuple(inputs))

    def find(self, spec: RunSpec) -> Run | None:
        """The finished run, or None."""
        return self.store.find(self.key(spec))

    def run(
        self, spec: RunSpec, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> Run:
        """Do one run, or find it. What must be finished before it is done first.

        Raises `SpecError`, `DataError`, `CheckpointError`, `StorageError`, and `Cancelled`; nothing
        half-made is kept.
        """
        key = self.key(spec)
        if (found := self.store.find(key)) is not None:
            return found
        for before in spec.prerequisites:
            self.run(before, on_progress, should_stop)
        self.bench.on_progress, self.bench.should_stop = on_progress, should_stop
        return self.store.save(key, functools.partial(self._write, spec))

    def chosen(self, spec: RunSpec) -> tuple[RunSpec, dict[str, Any]]:
        """The run at the λ and density that do best on dev, and dev macro-F1 of every candidate.

        The first of equals is taken. Raises `StorageError` while a candidate is not finished.
        """
        if not spec.candidates:
            return spec, {}
        tried = []
        for candidate in spec.candidates:
            run = self.find(candidate)
            if run is None or "dev" not in run.metrics:
                raise StorageError("λ cannot be chosen yet: a candidate has no dev score.")
            tried.append((candidate, run.metrics["dev"].macro_f1))
        best, _ = max(tried, key=lambda pair: pair[1])
        grid = [{"scaling": c.scaling, "density": c.density, "dev": round(f1, 6)} for c, f1 in tried]
        chosen = {"scaling": best.scaling, "density": best.density, "candidates": grid}
        return spec.settled(best.scaling, best.density), {"chosen on dev": chosen}

    def _write(self, spec: RunSpec, folder: Path) -> Findings:
        settled, chosen = self.chosen(spec)
        task = self.bench.task(spec.task)
        outcome = recipe_of(spec.regime)(settled, self.bench)
        metrics: dict[str, Scores] = {}
        for split, rows in self.bench.scored(settled).items():
            frame = prediction_frame(rows, outcome.predict(list(rows["text"])), task.labels)
            frame.to_parquet(folder / f"predictions-{split}.parquet", index=False)
            metrics[split] = score(frame["gold"].tolist(), frame["predicted"].tolist(), task.labels)
        notes = self._transfer(settled, outcome, folder, metrics)
        if outcome.trained is not None:
            (folder / CURVE).write_text(json.dumps(outcome.trained.curve), encoding="utf-8")
            if spec.keep_model:
                (folder / MODEL).mkdir()
                save_classifier(outcome.trained, settled.fine_tuning(spec.base), task, folder / MODEL)
        return Findings(
            metrics, {"start": run_name(settled), "task": task.name, **outcome.facts, **chosen, **notes}
        )

    def _transfer(
        self, spec: RunSpec, outcome: Outcome, folder: Path, metrics: dict[str, Scores]
    ) -> dict[str, Any]:
        """Score the test splits of the targets, zero-shot and few-shot, over the labels they share with the task."""
        task, notes = self.bench.task(spec.task), {}
        for target in spec.targets:
            other = self.bench.task(target)
            shared = shared_labels([task, other])
            if len(shared) < 2:
                notes[other.name] = f"Not scored: it has no two labels of {', '.join(task.labels)}."
                continue
            rows = other.restricted_to(shared).split("test")
            if spec.score_size is not None:
                rows = stratified_subset(rows, spec.score_size, 0)
            for size, predict in predictors(spec, outcome, task, other, shared):
                split = target_split(other.name, size)
                found = narrowed(predict(list(rows["text"])), task.labels, shared)
                frame = prediction_frame(rows, found, shared)
                frame.to_parquet(folder / f"predictions-{split}.parquet", index=False)
                metrics[split] = score(frame["gold"].tolist(), frame["predicted"].tolist(), shared)
        return {"not transferred": notes} if notes else {}

    def _stage(self, spec: RunSpec) -> Path:
        stage = spec.english_stage
        run = None if stage is None else self.find(stage)
        if run is None or run.model is None:
            raise DataError("The fine-tune on the English task is not there: run it first.")
        return run.model


def run_name(spec: RunSpec) -> str:
    """A run in a few words, for tables.

    >>> run_name(RunSpec("ties", "en-hi", adapted="starter:en-hi", scaling=0.5))
    'TIES → FT, λ 0.5, density 0.3'
    """
    said = [spec.regime.label, *(text for name, text in _said(spec).items() if name in spec.regime.reads)]
    return ", ".join(text for text in said if text)


def _said(spec: RunSpec) -> Mapping[str, str]:
    merges = spec.regime is not Regime.PROBE or spec.adapted
    dense = spec.density != RunSpec.parameters()["density"].default or spec.regime is Regime.TIES
    return {
        "scaling": "λ on dev" if spec.scalings else f"λ {spec.scaling:g}" if merges else "",
        "density": "density on dev"
        if spec.densities
        else f"density {spec.density:g}"
        if merges and dense
        else "",
        "lora": f"LoRA {spec.rank}" if spec.lora else "",
        "shots": f"{spec.shots} shots" if spec.shots else "zero-shot",
    }
