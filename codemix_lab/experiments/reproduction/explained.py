"""What explains a table: the signatures in its numbers, in the texts it compares and in its task vectors."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from codemix_lab.config import Regime
from codemix_lab.errors import CodeMixLabError
from codemix_lab.experiments.diagnosis import Diagnosis, diagnose, sign_conflicts, transfer_failed
from codemix_lab.experiments.mixing_patterns import mixing_of
from codemix_lab.experiments.regimes.few_shot import read_split
from codemix_lab.experiments.reproduction.drive import Reproduction, Table
from codemix_lab.text.tasks import open_task
from codemix_lab.training.anatomy import anatomy


def explained(made: Reproduction, table: Table) -> list[Diagnosis]:
    """All diagnoses of one table."""
    told = diagnose(table.against_full, table.runs, made.spec.adapted)
    if read_split(table.split) is not None:
        told += _transfer(made, table)
    if Regime.MULTI_SOURCE.label in table.runs or len(made.spec.adapted) > 1:
        conflicts = _conflicts(made.spec.base, tuple(_sources(made)))
        told += [] if conflicts is None else [conflicts]
    return told


def _transfer(made: Reproduction, table: Table) -> list[Diagnosis]:
    name, _ = read_split(table.split) or ("", 0)
    if name == table.task:
        return []
    source = next((task for task in made.spec.tasks if open_task(task).name == table.task), None)
    target = next((task for task in made.spec.targets if open_task(task).name == name), None)
    ours, theirs = (None if task is None else mixing_of(task) for task in (source, target))
    return transfer_failed(table.against_full, ours, theirs, name)


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
