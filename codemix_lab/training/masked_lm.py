"""Continued pre-training by masked-language modelling: unlabelled text in, a LoRA adapter out.

Devlin et al. 2019 (masking 80/10/10) on Hu et al. 2022 (LoRA). Only masked positions go through
the vocabulary-sized head, which is most of the work for a small encoder.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from codemix_lab.config import CptSpec
from codemix_lab.errors import Cancelled, DataError
from codemix_lab.models.devices import has_bfloat16
from codemix_lab.models.quiet import quiet
from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop, report
from codemix_lab.training.batching import token_budget_plan

ENCODER_LINEAR = r".*\.(query|key|value|dense)"
HEAD = "transform"


@dataclass(frozen=True)
class CptResult:
    """The adapter's folder and the held-out masked-LM losses (nats a piece) before and after."""

    adapter: Path
    before: dict[str, float]
    after: dict[str, float]


def continue_pretraining(
    spec: CptSpec,
    folder: Path,
    lines: Sequence[str],
    held_out: Mapping[str, Sequence[str]],
    out: Path,
    work: Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> CptResult:
    """Train a LoRA adapter on `lines` over the masked LM in `folder` and write it to `out`.

    `held_out` maps a name ("code-mixed", "monolingual") to sentences whose loss is measured before
    and after under fixed masks. `work` keeps checkpoints; the same call resumes from them.
    Raises `DataError` for an empty corpus, `StorageError` if `out` exists, `Cancelled` on request.
    """
    if not any(line.strip() for line in lines):
        raise DataError("the corpus holds no text: give at least one non-empty line.")
    set_seed(spec.seed)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    lora = LoraConfig(
        r=spec.rank,
        lora_alpha=2 * spec.rank,
        lora_dropout=0.0,
        target_modules=rf"(?!.*\.{HEAD}\.){ENCODER_LINEAR}",
        modules_to_save=[HEAD] if spec.train_head else None,
    )
    with quiet():
        model = get_peft_model(AutoModelForMaskedLM.from_pretrained(folder), lora)
    examples = tokenizer(list(lines), truncation=True, max_length=spec.max_length)["input_ids"]
    trainer = _MaskedLMTrainer(
        plan=token_budget_plan([len(e) for e in examples], spec.tokens_per_step, spec.steps, spec.seed),
        model=model,
        args=_arguments(spec, work),
        train_dataset=_Steps(examples),
        data_collator=_SeededMasks(
            DataCollatorForLanguageModeling(tokenizer, mlm_probability=spec.mask_share), spec.seed
        ),
        callbacks=[_Listener(on_progress, should_stop)],
    )
    trainer.remove_callback(PrinterCallback)
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=spec.mask_share, seed=1234)
    sets = {
        name: _fixed_batches(tokenizer, texts, collator, spec.max_length) for name, texts in held_out.items()
    }
    with model.disable_adapter():
        before = {name: _held_out_loss(model, batches) for name, batches in sets.items()}
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(work)) if work.is_dir() else None)
    if should_stop is not None and should_stop():
        raise Cancelled(
            f"Stopped as asked; run the same command to go on from the last checkpoint in {work}."
        )
    after = {name: _held_out_loss(model, batches) for name, batches in sets.items()}
    with new_folder(out) as beside:
        _save_small(model, spec.base, beside)
        record = {"spec": spec.to_dict(), "sentences": len(examples), "before": before, "after": after}
        (beside / "training.json").write_text(json.dumps(record, indent=2))
    return CptResult(out, before, after)


def masked_lm_loss(
    model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Mean cross-entropy over the masked positions (labels ≠ −100), shape (): nats a piece."""
    masked_lm: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    hidden = masked_lm.base_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    chosen = labels != -100
    return cross_entropy(masked_lm.cls(hidden[chosen]), labels[chosen])


class _MaskedLMTrainer(Trainer):
    def __init__(self, *args: Any, plan: list[list[int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plan = plan

    def get_train_dataloader(self) -> DataLoader[Any]:
        plan = [[(step, number) for number in batch] for step, batch in enumerate(self._plan)]
        loader = DataLoader(self.train_dataset, batch_sampler=plan, collate_fn=self.data_collator)  # type: ignore[arg-type]
        return self.accelerator.prepare(loader)

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        return masked_lm_loss(model, **inputs)


class _Steps(Dataset[dict[str, Any]]):
    """Sentences asked for by (step, number), so that the masks can depend on the step."""

    def __init__(self, examples: Sequence[list[int]]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, place: tuple[int, int]) -> dict[str, Any]:
        return {"step": place[0], "input_ids": self._examples[place[1]]}


@dataclass(frozen=True)
class _SeededMasks:
    """Masks drawn anew for each step from seed and step alone: a resumed run sees the same ones."""

    collator: DataCollatorForLanguageModeling
    seed: int

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed * 1_000_003 + examples[0]["step"])
            return self.collator([{"input_ids": e["input_ids"]} for e in examples])


class _Listener(TrainerCallback):
    def __init__(self, on_progress: Progress | None, should_stop: ShouldStop | None) -> None:
        self._on_progress, self._should_stop = on_progress, should_stop

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), math.nan)
        report(self._on_progress, state.global_step, state.max_steps, f"loss {loss:.3f}")
        if self._should_stop is not None and self._should_stop():
            control.should_save = control.should_training_stop = True


def _arguments(spec: CptSpec, work: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work),
        max_steps=spec.steps,
        learning_rate=spec.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, spec.steps // 20),
        weight_decay=0.01,
        logging_steps=20,
        save_steps=100,
        save_total_limit=2,
        seed=spec.seed,
        bf16=has_bfloat16(),
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        dataloader_pin_memory=False,
        label_names=["labels"],
    )


def _fixed_batches(
    tokenizer: Any, texts: Sequence[str], collator: Any, max_length: int
) -> list[dict[str, torch.Tensor]]:
    ids = sorted(tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"], key=len)
    return [collator([{"input_ids": e} for e in ids[i : i + 64]]) for i in range(0, len(ids), 64)]


@torch.inference_mode()
def _held_out_loss(model: Any, batches: Sequence[dict[str, torch.Tensor]]) -> float:
    model.eval()
    weights = [int((b["labels"] != -100).sum()) for b in batches]
    device = next(model.parameters()).device
    losses = [float(masked_lm_loss(model, **{k: v.to(device) for k, v in b.items()})) for b in batches]
    return sum(w * v for w, v in zip(weights, losses, strict=True)) / sum(weights)


def _save_small(model: PeftModel, base: str, folder: Path) -> None:
    """Write the adapter in float16, which keeps it at a few megabytes, on a base named as in the spec."""
    model.peft_config["default"].base_model_name_or_path = base
    model.half().save_pretrained(str(folder))
