"""What a sweep found so far: one row a run, with the fields that change."""

from __future__ import annotations

from typing import Any

import pandas as pd

from codemix_lab.config import RunSpec
from codemix_lab.config.run import READ_BY_ALL
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments.engines import Plan


def sweep_table(sweep: SweepSpec, plan: Plan) -> pd.DataFrame:
    """Columns: the fields of `over`, dev and test macro-F1, run, and note (“not finished”, or why it failed).

    A field that the regime of a run does not read is left empty: there is one such run for all its values.
    """
    rows = []
    for spec in sweep.runs:
        row: dict[str, Any] = {name: _shown(spec, name) for name in sweep.over}
        run = plan.runs.find(spec) if plan.is_done(spec) else None
        scores = {} if run is None else {split: found.macro_f1 for split, found in run.metrics.items()}
        row |= {"dev": scores.get("dev"), "test": scores.get("test"), "run": run.id if run else None}
        rows.append(row | {"note": "" if run else plan.failure(spec) or "not finished"})
    return pd.DataFrame(rows, columns=[*sweep.over, "dev", "test", "run", "note"])


def _shown(spec: RunSpec, name: str) -> Any:
    if name not in (*READ_BY_ALL, *spec.regime.reads):
        return None
    value = spec.to_dict().get(name, RunSpec.parameters()[name].default)
    if isinstance(value, dict):
        return value.get("source")
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
