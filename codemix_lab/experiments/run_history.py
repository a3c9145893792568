"""The runs of the store as one table of fields and scores, to be looked through."""

from __future__ import annotations

from typing import Any

import pandas as pd

from codemix_lab.config import Regime
from codemix_lab.errors import StorageError
from codemix_lab.experiments.run import Run, read_run
from codemix_lab.experiments.store import RunStore

MOST = 400
FIELDS = ("regime", "task", "train_size", "epochs", "scaling", "density", "learning_rate", "lora", "seed")
"""Columns that a run may differ in; those that its regime does not read are empty."""


def run_history(store: RunStore, most: int = MOST) -> pd.DataFrame:
    """The newest runs of regimes, newest first: columns id, `FIELDS`, dev, test (macro-F1, NaN where unscored).

    λ and density are those that were chosen where candidates were tried; candidates themselves, which
    were scored on dev alone, are in the table too.
    """
    listed = store.list()
    rows = []
    for name in listed.loc[listed["kind"] == "regime", "id"].head(most):
        try:
            rows.append(_row(read_run(store.root / name)))
        except StorageError:
            continue
    return pd.DataFrame(rows, columns=["id", *FIELDS, "dev", "test"])


def _row(run: Run) -> dict[str, Any]:
    regime, spec = Regime(run.spec["regime"]), run.spec
    row: dict[str, Any] = {"id": run.id, "regime": regime.label, "task": run.provenance.get("task")}
    row["seed"] = spec.get("seed")
    row |= {name: spec.get(name) for name in FIELDS if name in regime.reads}
    row |= {
        name: run.provenance.get("chosen on dev", {}).get(name, row.get(name))
        for name in ("scaling", "density")
    }
    if regime.fine_tunes:
        row["lora"] = bool(spec.get("lora", False))
    return row | {split: found.macro_f1 for split, found in run.metrics.items() if split in ("dev", "test")}
