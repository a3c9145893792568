"""Fine-tunes taken out of the store as ordinary folders: what `codemix-lab finetune` leaves."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from codemix_lab.config import FineTuneSpec
from codemix_lab.experiments.finetuning import run_fine_tune
from codemix_lab.experiments.parts import part
from codemix_lab.experiments.seed_summary import check_seeds, means_by_split
from codemix_lab.experiments.store import RunStore
from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop


def fine_tune_seeds(
    template: FineTuneSpec,
    seeds: Sequence[int],
    out: Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    store: RunStore | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fine-tune once per seed into `out/seed-N`; returns every score, and mean and interval per split.

    The first table (`results.csv`) has seed, split, macro_f1, low, high over sentences; the second
    split, macro_f1, low, high over seeds (NaN bounds for one seed), seeds. Raises `SpecError` for no
    or repeated seeds, `StorageError` if `out` exists, and what `run_fine_tune` raises.
    """
    check_seeds(seeds)
    store = store or RunStore()
    rows = []
    with new_folder(out) as folder:
        for place, seed in enumerate(seeds):
            listener = part(on_progress, place, len(seeds), f"seed {seed}")
            run = run_fine_tune(template.replace(seed=seed), store, listener, should_stop)
            shutil.copytree(run.folder / "model", folder / f"seed-{seed}")
            rows += [(seed, split, s.macro_f1, *s.interval) for split, s in run.metrics.items()]
        table = pd.DataFrame(rows, columns=["seed", "split", "macro_f1", "low", "high"])
        table.to_csv(folder / "results.csv", index=False)
    return table, means_by_split(table)
