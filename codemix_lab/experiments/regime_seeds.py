"""One regime under several seeds, by an engine into the store."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from codemix_lab.config import RunSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.experiments.engines import Engine, Plan
from codemix_lab.experiments.seed_summary import check_seeds, means_by_split
from codemix_lab.experiments.store import RunStore
from codemix_lab.progress import Progress, ShouldStop


def regime_seeds(
    template: RunSpec,
    seeds: Sequence[int],
    engine: Engine,
    store: RunStore | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run `template` once per seed; finished runs are found and not run again.

    The first table has seed, split, macro_f1, low, high over sentences, and run, the id in the store; the
    second is `means_by_split` of it. Raises `SpecError` for no or repeated seeds, `CodeMixLabError` with
    the reason when a run fails, and what the engine raises.
    """
    check_seeds(seeds)
    plan = Plan([template.replace(seed=seed) for seed in seeds], store)
    state = engine.run(plan, on_progress, should_stop)
    for message in state.failed.values():
        raise CodeMixLabError(message)
    rows = []
    for seed in seeds:
        run = plan.runs.find(template.replace(seed=seed))
        if run is not None:
            rows += [(seed, split, s.macro_f1, *s.interval, run.id) for split, s in run.metrics.items()]
    table = pd.DataFrame(rows, columns=["seed", "split", "macro_f1", "low", "high", "run"])
    return table, means_by_split(table)
