"""`transformers.Trainer` for continued pre-training: own batches, loss at asked places, eyes on held-out text."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader, Dataset
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from codemix_lab.config import CptSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.models.devices import autocast
from codemix_lab.models.trajectory import FOLDER, size, step_folder, steps_kept, thinned
from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop, report
from codemix_lab.training.adapters import moving, save_adapted
from codemix_lab.training.batching import token_budget_plan
from codemix_lab.training.objectives import UNASKED, Batch, Example, Objective, surprise

CODE_MIXED = "code-mixed"
BEST = "best.safetensors"
_LOOKS, _CLOSEST_LOOKS = 20, 5

OnPoint = Callable[[dict[str, float]], None]
"""Called with a point of the curve: its step, and loss, tokens_per_second or held-out losses by name."""


class CptTrainer(Trainer):
    """Batches by a plan, the loss only where something is asked, held-out losses on the way.

    `steps` optimiser steps over `examples`. `curve` grows with one point a look; it is part of every
    checkpoint, so a resumed run has all of it.
    """

    loss_is_scaled_for_ga = True

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        spec: CptSpec,
        steps: int,
        objective: Objective,
        examples: Sequence[Example],
        held_out: Mapping[str, Sequence[str]],
        work: Path,
        on_progress: Progress | None = None,
        should_stop: ShouldStop | None = None,
        on_point: OnPoint | None = None,
    ) -> None:
        self.spec, self.work, self.steps = spec, work, steps
        self._lm = model
        self.held_out = {name: objective.held_out(lines) for name, lines in held_out.items() if lines}
        self.began, self.read = time.monotonic(), 0
        self._objective, self._tokenizer = objective, tokenizer
        watcher = _Watcher(self, on_progress, should_stop, on_point)
        super().__init__(
            model=model,
            args=_arguments(spec, steps, work),
            train_dataset=_Places(examples),
            data_collator=self._ask,
            callbacks=[watcher],
        )
        self.remove_callback(PrinterCallback)
        self.model_accepts_loss_kwargs, self._loss_shifts_labels = True, False
        parts = steps * spec.accumulation * self.args.world_size
        budget = max(1, spec.tokens_per_step // (spec.accumulation * self.args.world_size))
        self._plan = token_budget_plan([len(e.pieces) for e in examples], budget, parts, spec.seed)

    @property
    def curve(self) -> list[dict[str, float]]:
        """What was seen so far, a point a look: step, and what was measured there."""
        own = ("step", "loss", "tokens_per_second", *self.held_out)
        return [
            {name: float(value) for name, value in entry.items() if name in own}
            for entry in self.state.log_history
            if entry.get("look")
        ]

    def measure(self) -> dict[str, float]:
        """Held-out loss by name now, nats a piece."""
        self._lm.eval()
        return {name: self._mean(batches) for name, batches in self.held_out.items()}

    def get_train_dataloader(self) -> DataLoader[Any]:
        """One batch of (part, example) numbers after the other, as planned."""
        plan = [[(part, number) for number in batch] for part, batch in enumerate(self._plan)]
        loader = DataLoader(self.train_dataset, batch_sampler=plan, collate_fn=self.data_collator)  # type: ignore[arg-type]
        return self.accelerator.prepare(loader)

    def compute_loss(
        self,
        model: Any,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Mean loss over the pieces asked for in the whole step, however many parts and machines it has."""
        with autocast():
            total = surprise(model, inputs)
        asked = torch.as_tensor(
            (inputs["labels"] != UNASKED).sum() if num_items_in_batch is None else num_items_in_batch
        )
        machines = 1 if num_items_in_batch is None else self.accelerator.num_processes
        loss = total / asked.clamp(min=1) * machines
        if not bool(torch.isfinite(loss)):
            raise CodeMixLabError(self.broken(f"the loss became {float(loss)}"))
        self.read += int(inputs["attention_mask"].sum()) * self.accelerator.num_processes
        return loss

    def broken(self, what: str) -> str:
        """The sentence for a training that lost its numbers."""
        kept = max((int(p.name.rpartition("-")[2]) for p in self.work.glob("checkpoint-*")), default=None)
        left = (
            "nothing was kept before it"
            if kept is None
            else f"step {kept} is the last good one, in {self.work}"
        )
        return (
            f"{what} at step {self.state.global_step + 1}: {left}. "
            f"Choose a smaller learning rate than {self.spec.learning_rate:g}."
        )

    def keep_best(self) -> None:
        """Remember the weights as they are now."""
        save_file({name: t.contiguous() for name, t in moving(self._lm).items()}, self.work / BEST)

    def back_to_best(self) -> None:
        """Put the remembered weights back."""
        best = load_file(self.work / BEST)
        for name, weights in moving(self._lm).items():
            weights.copy_(best[name])

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if not all(bool(torch.isfinite(weights).all()) for weights in moving(self._lm).values()):
            raise CodeMixLabError(self.broken("the weights became no numbers"))
        super()._save_checkpoint(model, trial)
        if self.spec.trajectory and self.is_world_process_zero():
            self._keep_on_the_way()

    def _keep_on_the_way(self) -> None:
        root = self.work / FOLDER
        target = step_folder(root, self.state.global_step)
        if not target.exists():
            with new_folder(target) as folder:
                save_adapted(self._lm, self.spec.base, self._tokenizer, folder, torch.bfloat16)
        kept = steps_kept(root)
        keep = int(self.spec.trajectory_megabytes * 1e6 // max(1, size(target)))
        for step in set(kept) - set(thinned(list(kept), keep)):
            shutil.rmtree(kept[step])

    def _ask(self, examples: list[tuple[int, Example]]) -> Batch:
        """Masks drawn from seed and part alone: a resumed run sees the same ones."""
        return self._objective.ask(
            [example for _, example in examples], self.spec.seed * 1_000_003 + examples[0][0]
        )

    @torch.inference_mode()
    def _mean(self, batches: Sequence[Batch]) -> float:
        device = next(self._lm.parameters()).device
        asked = sum(int((batch["labels"] != UNASKED).sum()) for batch in batches)
        with autocast():
            losses = [float(surprise(self._lm, {k: v.to(device) for k, v in b.items()})) for b in batches]
        return sum(losses) / asked if asked else math.nan


class _Places(Dataset[tuple[int, Example]]):
    """Examples asked for by (part, number), so that the masks can depend on the part."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, place: tuple[int, int]) -> tuple[int, Example]:
        return place[0], self._examples[place[1]]


class _Watcher(TrainerCallback):
    """Looks at held-out text at intervals, tells how it goes, and stops where that was asked."""

    def __init__(
        self,
        trainer: CptTrainer,
        on_progress: Progress | None,
        should_stop: ShouldStop | None,
        on_point: OnPoint | None,
    ) -> None:
        self._trainer = trainer
        self._on_progress, self._should_stop, self._on_point = on_progress, should_stop, on_point
        self._every = trainer.spec.evaluate_every or max(_CLOSEST_LOOKS, trainer.steps // _LOOKS)
        self._told, self._looking = "", 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._trainer.began, self._trainer.read = time.monotonic(), 0
        self._looking = 0.0
        for point in self._trainer.curve:
            self._tell(point)
        if state.global_step == 0:
            self._look(state)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any
    ) -> None:
        if logs and "loss" in logs:
            self._told = f"loss {logs['loss']:.3f}"

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        spec, step = self._trainer.spec, state.global_step
        if step % self._every == 0 or step == state.max_steps:
            self._look(state)
            if spec.patience and self._waited() >= spec.patience:
                control.should_save = control.should_training_stop = True
        said = ", ".join(filter(None, (self._told, f"{self._speed():,.0f} tokens/s")))
        report(self._on_progress, step, state.max_steps, said)
        if self._should_stop is not None and self._should_stop():
            control.should_save = control.should_training_stop = True

    def _look(self, state: Any) -> None:
        began = time.monotonic()
        point = {"step": float(state.global_step), **self._trainer.measure()}
        self._looking += time.monotonic() - began
        losses = [e["loss"] for e in state.log_history if "loss" in e and not e.get("look")]
        if losses:
            point["loss"] = float(losses[-1])
            point["tokens_per_second"] = self._speed()
        state.log_history.append({**point, "look": True})
        self._tell(point)
        if self._trainer.spec.patience and self._waited() == 0:
            self._trainer.keep_best()

    def _tell(self, point: dict[str, float]) -> None:
        if self._on_point is not None:
            self._on_point(point)

    def _speed(self) -> float:
        return self._trainer.read / max(1e-9, time.monotonic() - self._trainer.began - self._looking)

    def _waited(self) -> int:
        """Looks since the lowest loss on code-mixed text."""
        losses = code_mixed_losses(self._trainer.curve)
        return len(losses) - 1 - losses.index(min(losses)) if losses else 0


def code_mixed_losses(curve: Sequence[Mapping[str, float]]) -> list[float]:
    """Held-out code-mixed loss of every point, the mean where there are several such texts.

    >>> code_mixed_losses([{"step": 0, "code-mixed en-hi": 2.0, "code-mixed en-es": 4.0, "monolingual": 9.0}])
    [3.0]
    """
    found = [[value for name, value in point.items() if name.startswith(CODE_MIXED)] for point in curve]
    return [sum(values) / len(values) for values in found if values]


def _arguments(spec: CptSpec, steps: int, work: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work),
        max_steps=steps,
        gradient_accumulation_steps=spec.accumulation,
        activation_checkpointing=spec.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        learning_rate=spec.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, steps // 20),
        weight_decay=0.01,
        logging_steps=max(1, min(20, steps // 10)),
        logging_nan_inf_filter=False,
        save_steps=spec.save_every,
        save_total_limit=2,
        seed=spec.seed,
        accelerator_config={"even_batches": False},
        ddp_find_unused_parameters=False,
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        dataloader_pin_memory=False,
        label_names=["labels"],
    )
