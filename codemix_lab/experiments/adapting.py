"""Continued pre-training as an experiment: corpora opened and kept clear of test sets, memory seen to, all recorded."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from codemix_lab import paths
from codemix_lab.config import CptSpec, TaskSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.run import versions
from codemix_lab.models.checkpoints import Checkpoint, open_checkpoint
from codemix_lab.models.devices import device
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.mixture import Mixture, leaks, mix, refuse_leaks, without_leaks
from codemix_lab.text.tasks import open_task
from codemix_lab.training.cpt import CptResult, continue_pretraining
from codemix_lab.training.cpt_trainer import OnPoint
from codemix_lab.training.memory import MemoryEstimate, estimate_memory


def adapt(
    spec: CptSpec,
    out: Path,
    tasks: Sequence[TaskSpec] = (),
    force: bool = False,
    leave_out: bool = False,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_point: OnPoint | None = None,
) -> CptResult:
    """Continue the pre-training of `spec.base` on `spec.corpora` and write the adapted checkpoint `out`.

    Checkpoints lie beside `out` while it runs; the same call goes on from them after a cancel or a
    crash. `tasks` are those that will be scored: text of their dev and test splits among the corpora is
    left out where `leave_out` says so and refused else, as is a run that wants more memory than is free,
    both unless `force`. Raises `DataError`,
    `SpecError`, and what `continue_pretraining` raises.
    """
    checkpoint = open_checkpoint(spec.base)
    mixture = mix(spec.corpora, spec.shares, spec.seed)
    opened = [open_task(task) for task in tasks]
    if leave_out:
        mixture = without_leaks(mixture, opened)
    if not force:
        for task in opened:
            refuse_leaks(mixture.lines, task)
        _refuse_memory(estimate_memory(checkpoint, spec))
    found = {task.name: dict(leaks(mixture.lines, task)) for task in opened}
    return continue_pretraining(
        spec,
        _folder(checkpoint),
        mixture.lines,
        mixture.held_out,
        out,
        work_of(out),
        on_progress,
        should_stop,
        on_point,
        _provenance(mixture, found),
    )


def work_of(out: Path) -> Path:
    """Where the checkpoints of an unfinished run to `out` lie."""
    return out.with_name(f".{out.name}.work")


def adapted_root() -> Path:
    """Folder of the workspace for adapted checkpoints."""
    return paths.workspace() / "adapted"


def _folder(checkpoint: Checkpoint) -> Path:
    return checkpoint.adapter or checkpoint.folder


def _refuse_memory(wanted: MemoryEstimate) -> None:
    if not wanted.fits:
        raise SpecError(
            f"This will want about {wanted.total / 1e9:.1f} GB of memory, and {wanted.free / 1e9:.1f} GB are free. "
            "Take fewer tokens a step, more accumulation, gradient checkpointing or LoRA, or force it."
        )


def _provenance(mixture: Mixture, found: dict[str, dict[str, int]]) -> dict[str, Any]:
    return {
        "data": {"used": mixture.used, "sha256": mixture.digest, "leaks": found},
        "warnings": list(mixture.warnings),
        "versions": versions(),
        "machine": {
            "system": platform.platform(),
            "device": str(device()),
            "cores": psutil.cpu_count(logical=False),
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        },
    }
