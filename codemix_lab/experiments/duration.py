"""How long continued pre-training should be: the curve over λ at every checkpoint of its trajectory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import CheckpointError, SpecError
from codemix_lab.experiments.parts import part
from codemix_lab.models.trajectory import FOLDER, steps_kept
from codemix_lab.progress import Progress, ShouldStop


def checkpoints(folder: str | Path) -> dict[int, Path]:
    """CPT steps → checkpoint, in order, of an adapted folder that kept its trajectory; {} for any other."""
    return steps_kept(Path(folder) / FOLDER)


def duration_table(
    spec: MergeSpec,
    task: TaskSpec,
    probe: ProbeSpec,
    scalings: Sequence[float],
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_row: Callable[[Mapping[str, Any]], None] | None = None,
) -> pd.DataFrame:
    """`curve_table` for every checkpoint that the one adapted model of `spec` kept, with a column `steps` before.

    λ of `spec` is ignored. Rows of a checkpoint are told to `on_row` as soon as they are known. Curves are
    kept on disk, so a second call goes on where the first stopped. Raises `SpecError` for several adapted
    models, `CheckpointError` for one without a trajectory, and what `curve_table` raises.
    """
    from codemix_lab.experiments.curve_table import curve_table

    if len(spec.adapted) != 1:
        raise SpecError("CPT duration is asked of one adapted checkpoint: leave the others out.")
    kept = checkpoints(spec.adapted[0])
    if not kept:
        raise CheckpointError(
            f"{spec.adapted[0]} kept no checkpoints on its way: run continued pre-training with its trajectory."
        )
    tables = []
    for place, (step, folder) in enumerate(kept.items()):
        listener = part(on_progress, place, len(kept), f"{step} steps")
        one = spec.replace(adapted=(str(folder),))
        densities = [spec.density] if "density" in spec.method.reads else [1.0]
        table = curve_table(one, task, probe, scalings, densities, listener, should_stop)
        table.insert(0, "steps", step)
        tables.append(table)
        if on_row is not None:
            for row in table.to_dict("records"):
                on_row({str(name): value for name, value in row.items()})
    return pd.concat(tables, ignore_index=True)
