"""What explains a table: the signatures in its numbers, in the texts it compares and in its task vectors."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from codemix_lab.config import Regime, TaskSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.experiments.diagnosis import Diagnosis, diagnose, sign_conflicts, transfer_failed
from codemix_lab.experiments.reproduction.drive import Reproduction, Table
from codemix_lab.text.measuring import measure_texts
from codemix_lab.text.tasks import open_task
from codemix_lab.training.anatomy import anatomy

_MEASURED = 500
_TARGET = "test of "


def explained(made: Reproduction, table: Table) -> list[Diagnosis]:
    """All diagnoses of one table."""
    told = diagnose(table.against_full, table.runs, made.spec.adapted)
    if table.split.startswith(_TARGET):
        told += _transfer(made, table)
    if Regime.MULTI_SOURCE.label in table.runs or len(made.spec.adapted) > 1:
        conflicts = _conflicts(made.spec.base, tuple(_sources(made)))
        told += [] if conflicts is None else [conflicts]
    return told


def _transfer(made: Reproduction, table: Table) -> list[Diagnosis]:
    name = table.split.removeprefix(_TARGET)
    source = next((task for task in made.spec.tasks if open_task(task).name == table.task), None)
    target = next((task for task in made.spec.targets if open_task(task).name == name), None)
    return transfer_failed(table.against_full, _mixing(source), _mixing(target), name)


@functools.lru_cache(maxsize=32)
def _mixing(task: TaskSpec | None) -> dict[str, Any] | None:
    """Mixing measures of the first train sentences; None for a pair without a tagger."""
    if task is None:
        return None
    opened = open_task(task)
    try:
        return measure_texts(list(opened.split("train")["text"][:_MEASURED]), str(opened.pair))
    except (CodeMixLabError, KeyError):
        return None


def _sources(made: Reproduction) -> Sequence[str]:
    """The adapted checkpoints, and the fine-tune on the English task where it is kept."""
    stages = [spec for spec in made.plan.specs if spec.keep_model and made.plan.is_done(spec)]
    run = made.plan.runs.find(stages[0]) if stages else None
    return (*made.spec.adapted, *((str(run.model),) if run is not None and run.model is not None else ()))


@functools.lru_cache(maxsize=8)
def _conflicts(base: str, adapted: tuple[str, ...]) -> Diagnosis | None:
    if len(adapted) < 2:
        return None
    try:
        return sign_conflicts(anatomy(base, adapted, rows=1).agreement)
    except CodeMixLabError:
        return None
