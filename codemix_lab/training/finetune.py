"""Fine-tuning a start on a small labelled subset: `transformers.Trainer` with progress and cancel."""

from __future__ import annotations

import copy
import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from transformers import (
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from codemix_lab.config import FineTuneSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.models.devices import has_bfloat16
from codemix_lab.models.quiet import quiet
from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task, open_task
from codemix_lab.training.lora import with_lora
from codemix_lab.training.starts import OpenMerges, copy_head, open_merge, start_classifier


@dataclass(frozen=True)
class FineTuneResult:
    """A classifier folder, its loss curve ({"step", "epoch", "loss"} each), seconds and sentences trained on."""

    model: Path
    curve: list[dict[str, float]]
    seconds: float
    train_sentences: int


@dataclass(frozen=True, eq=False)
class Trained:
    """A classifier in memory on the CPU, its tokenizer, and what is told of its training."""

    model: Any
    tokenizer: Any
    curve: list[dict[str, float]]
    seconds: float
    train_sentences: int


def fine_tune(
    spec: FineTuneSpec,
    out: Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> FineTuneResult:
    """Fine-tune and write a classifier folder `out`.

    For an encoder that is an ordinary encoder folder with the head beside it (`models.mean_pool`), for
    a decoder an ordinary transformers classifier; `models.loading.load_classifier` opens both.

    Subset, order and head depend on `spec.seed` alone, so that starts compared under one seed differ
    in nothing else. Raises `DataError` for a train split smaller than its classes, `StorageError` if
    `out` exists, `CodeMixLabError` when the loss is no number, `Cancelled` on request.
    """
    task = open_task(spec.task)
    with new_folder(out) as beside:
        trained = train_classifier(spec, task, None, on_progress, should_stop)
        save_classifier(trained, spec, task, beside)
    return FineTuneResult(out, trained.curve, trained.seconds, trained.train_sentences)


def train_classifier(
    spec: FineTuneSpec,
    task: Task,
    rows: pd.DataFrame | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    open_merges: OpenMerges = open_merge,
    head: Path | None = None,
) -> Trained:
    """Fine-tune in memory on `rows` (text, label), or on the subset that the spec draws from `task`.

    `open_merges` opens the sources of a merge, so that a caller can keep them open; `head` is a
    classifier folder over the same labels whose head goes on. A LoRA adapter is merged in at the end.
    Raises as `fine_tune`, apart from what writing raises.
    """
    train = stratified_subset(task.split("train"), spec.train_size, spec.seed) if rows is None else rows
    set_seed(spec.seed)
    model, tokenizer = start_classifier(spec.model, task.labels, open_merges)
    if head is not None:
        copy_head(model, head)
    return _trained(model, tokenizer, spec, task, train, on_progress, should_stop)


def go_on(
    trained: Trained,
    spec: FineTuneSpec,
    task: Task,
    rows: pd.DataFrame,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Trained:
    """A copy of a classifier of `task`, head and all, trained further on `rows` (text, label) as `spec` says.

    Optimiser and learning rate begin anew; the classifier that was given stays as it is. Raises as
    `train_classifier`.
    """
    set_seed(spec.seed)
    model = copy.deepcopy(trained.model).requires_grad_(True)
    return _trained(model, trained.tokenizer, spec, task, rows, on_progress, should_stop)


def _trained(
    model: Any,
    tokenizer: Any,
    spec: FineTuneSpec,
    task: Task,
    train: pd.DataFrame,
    on_progress: Progress | None,
    should_stop: ShouldStop | None,
) -> Trained:
    """The training itself: `model` is changed in place, or by an adapter that is merged in at the end."""
    began = time.monotonic()
    if spec.freeze_embeddings:
        model.get_input_embeddings().requires_grad_(False)
    trained: Any = with_lora(model, spec.rank) if spec.lora else model
    with tempfile.TemporaryDirectory(prefix=".train-") as work:
        trainer = Trainer(
            model=trained,
            args=_arguments(spec, len(train), work),
            train_dataset=_examples(train, task, tokenizer, spec.max_length),
            data_collator=DataCollatorWithPadding(tokenizer),
            callbacks=[_Listener(on_progress, should_stop)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    raise_if_stopped(should_stop)
    curve = [
        {k: float(e[k]) for k in ("step", "epoch", "loss")} for e in trainer.state.log_history if "loss" in e
    ]
    whole = trained.merge_and_unload() if spec.lora else trained
    return Trained(whole.cpu().eval(), tokenizer, curve, time.monotonic() - began, len(train))


def save_classifier(trained: Trained, spec: FineTuneSpec, task: Task, folder: Path) -> None:
    """Write model, tokenizer and what they were made from into an existing folder."""
    with quiet():
        trained.model.save_pretrained(folder)
    trained.tokenizer.save_pretrained(folder)
    written = {"spec": spec.to_dict(), "task": task.digest}
    (folder / "finetune.json").write_text(json.dumps(written, indent=2), encoding="utf-8")


def _examples(train: Any, task: Task, tokenizer: Any, max_length: int) -> list[dict[str, Any]]:
    numbers = {label: i for i, label in enumerate(task.labels)}
    pieces = tokenizer(list(train["text"]), truncation=True, max_length=max_length)
    return [
        {"input_ids": ids, "attention_mask": mask, "labels": numbers[label], "length": len(ids)}
        for ids, mask, label in zip(
            pieces["input_ids"], pieces["attention_mask"], train["label"], strict=True
        )
    ]


def _arguments(spec: FineTuneSpec, sentences: int, work: str) -> TrainingArguments:
    steps = math.ceil(sentences / spec.batch_size) * spec.epochs
    return TrainingArguments(
        output_dir=work,
        num_train_epochs=spec.epochs,
        per_device_train_batch_size=spec.batch_size,
        learning_rate=spec.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=max(1, steps // 10),
        weight_decay=0.01,
        train_sampling_strategy="group_by_length",
        logging_steps=max(1, steps // 50),
        logging_nan_inf_filter=False,
        save_strategy="no",
        seed=spec.seed,
        bf16=has_bfloat16(),
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        dataloader_pin_memory=False,
    )


class _Listener(TrainerCallback):
    """Progress to the caller, cancel and a broken loss to the trainer."""

    def __init__(self, on_progress: Progress | None, should_stop: ShouldStop | None) -> None:
        self._on_progress, self._should_stop = on_progress, should_stop

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        loss = next((f", loss {e['loss']:.3f}" for e in reversed(state.log_history) if "loss" in e), "")
        report(self._on_progress, state.global_step, state.max_steps, f"fine-tuning{loss}")
        control.should_training_stop |= bool(self._should_stop and self._should_stop())

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any
    ) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(float(loss)):
            raise CodeMixLabError(
                f"the loss became {loss} at step {state.global_step}: choose a smaller learning rate."
            )
