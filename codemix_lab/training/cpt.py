"""Continued pre-training: unlabelled text in, an adapted checkpoint out, with its losses on both kinds of text."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import set_seed
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import get_last_checkpoint

from codemix_lab.config import CptSpec
from codemix_lab.errors import Cancelled, DataError, StorageError
from codemix_lab.models.checkpoints import Checkpoint, open_checkpoint
from codemix_lab.models.loading import load_tokenizer
from codemix_lab.models.quiet import quiet
from codemix_lab.models.trajectory import FOLDER
from codemix_lab.paths import new_folder, storage_errors
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.training.adapters import save_adapted, trainable
from codemix_lab.training.cpt_trainer import BEST, CptTrainer, OnPoint, code_mixed_losses
from codemix_lab.training.objectives import Example, objective_for

RECORD = "training.json"
_RUN = "run.json"


@dataclass(frozen=True)
class CptResult:
    """The adapted checkpoint's folder, held-out losses (nats a piece) before and after, and the curve.

    `curve` has a point a look: step, loss, tokens_per_second and the held-out losses by name.
    """

    adapter: Path
    before: dict[str, float]
    after: dict[str, float]
    curve: list[dict[str, float]]


def continue_pretraining(
    spec: CptSpec,
    folder: Path,
    lines: Sequence[str],
    held_out: Mapping[str, Sequence[str]],
    out: Path,
    work: Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_point: OnPoint | None = None,
    record: Mapping[str, Any] | None = None,
) -> CptResult:
    """Train on `lines` over the language model in `folder` and write the adapted checkpoint `out`.

    Masked for an encoder, causal for a decoder. `held_out` maps a name ("code-mixed", "monolingual")
    to sentences whose loss is measured on the way, always asked the same. `work` keeps checkpoints; the
    same call resumes from them, to the same losses. `out/training.json` holds spec, losses and curve,
    and what `record` adds; `out/trajectory` the checkpoints on the way, where the spec asks for them.

    Raises `DataError` for a corpus without text, `CheckpointError` for a model without the head or mask
    piece that is needed, `StorageError` if `out` exists or `work` belongs to another run,
    `CodeMixLabError` when the loss is no number, `Cancelled` on request.
    """
    if not any(line.strip() for line in lines):
        raise DataError("the corpus holds no text: give at least one non-empty line.")
    if out.exists():
        raise StorageError(
            f"{out} exists already and is never overwritten. Choose another name or remove it."
        )
    checkpoint = open_checkpoint(str(folder))
    tokenizer = load_tokenizer(checkpoint)
    objective = objective_for(checkpoint, tokenizer, spec)
    examples = objective.read(lines)
    if not examples:
        raise DataError("the corpus holds no piece to predict: give longer sentences.")
    steps = steps_of(spec, examples)
    _claim(work, spec, checkpoint, lines)
    set_seed(spec.seed)
    model = trainable(checkpoint, spec)
    trainer = CptTrainer(
        model, tokenizer, spec, steps, objective, examples, held_out, work, on_progress, should_stop, on_point
    )
    began = time.monotonic()
    with quiet(), storage_errors(work):
        trainer.train(resume_from_checkpoint=_last_whole(work))
    curve, done = trainer.curve, trainer.state.global_step
    stopped_early = bool(spec.patience) and done < steps
    if should_stop is not None and should_stop() and not stopped_early and done < steps:
        raise Cancelled(f"Stopped as asked after {done} steps; the same again goes on from there ({work}).")
    best = len(curve) - 1
    if spec.patience and (work / BEST).is_file():
        losses = code_mixed_losses(curve)
        best = losses.index(min(losses))
        trainer.back_to_best()
    names = trainer.held_out
    before, after = ({name: point[name] for name in names} for point in (curve[0], curve[best]))
    if not trainer.is_world_process_zero():
        return CptResult(out, before, after, curve)
    with new_folder(out) as beside:
        save_adapted(model, spec.base, tokenizer, beside, getattr(checkpoint.config, "dtype", None))
        written = {
            "spec": spec.to_dict(),
            "objective": "masked" if checkpoint.is_encoder else "causal",
            "base": checkpoint.fingerprint,
            "sentences": len(lines),
            "examples": len(examples),
            "cut": sum(len(e.pieces) == objective.longest for e in examples) if checkpoint.is_encoder else 0,
            "steps": int(curve[best]["step"]),
            "stopped": f"no lower code-mixed loss after step {int(curve[best]['step'])}"
            if stopped_early
            else None,
            "seconds": round(time.monotonic() - began, 1),
            "before": before,
            "after": after,
            "curve": curve,
            **(record or {}),
        }
        (beside / RECORD).write_text(json.dumps(written, indent=2, ensure_ascii=False), encoding="utf-8")
        if (work / FOLDER).is_dir():
            shutil.copytree(work / FOLDER, beside / FOLDER)
    shutil.rmtree(work, ignore_errors=True)
    return CptResult(out, before, after, curve)


def steps_of(spec: CptSpec, examples: Sequence[Example]) -> int:
    """Optimiser steps: those of the spec, or what its epochs come to."""
    if spec.epochs is None:
        return spec.steps
    pieces = sum(len(example.pieces) for example in examples)
    return max(1, math.ceil(spec.epochs * pieces / spec.tokens_per_step))


def _claim(work: Path, spec: CptSpec, checkpoint: Checkpoint, lines: Sequence[str]) -> None:
    """Say in `work` whose it is. Raises `StorageError` when it is another run's already."""
    parts = (spec.digest(), checkpoint.fingerprint, *lines)
    own = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    mark = work / _RUN
    if mark.is_file():
        if json.loads(mark.read_text(encoding="utf-8")).get("run") != own:
            raise StorageError(
                f"{work} holds the checkpoints of another run, with other text or settings. "
                "Choose another place, or remove that folder to begin anew."
            )
        return
    work.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"run": own, "spec": spec.to_dict()}, indent=2), encoding="utf-8")


def _last_whole(work: Path) -> str | None:
    """The newest checkpoint whose last file was written; what a killed process left half is removed."""
    while (newest := get_last_checkpoint(str(work))) is not None:
        try:
            json.loads((Path(newest) / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(newest)
        else:
            return newest
    return None
