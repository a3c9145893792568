"""What a sweep over regimes found: tables by train size and split, learning curves, and what explains them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from codemix_lab.config import Regime, RunSpec
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments.diagnosis import Diagnosis, diagnose
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.regime_runs import run_name
from codemix_lab.experiments.regimes_table import Comparison, compare_regimes, scores_of
from codemix_lab.experiments.run import Run

FULL = Regime.FULL.label
_IN_THE_TABLE = ("regime", "train_size", "seed")
"""Fields that a table shows by its place: rows, tables and seeds."""


@dataclass(frozen=True, eq=False)
class RegimeResults:
    """Finished runs by train size, row and seed; `adapted` are the checkpoints they merge."""

    runs: dict[int, dict[str, dict[int, Run]]]
    adapted: tuple[str, ...] = ()

    @functools.cached_property
    def splits(self) -> list[str]:
        """All splits that a finished run was scored on: dev, test, then tests of other tasks."""
        found = dict.fromkeys(
            split
            for rows in self.runs.values()
            for seeds in rows.values()
            for run in seeds.values()
            for split in run.metrics
        )
        return sorted(found, key=lambda split: (split != "dev", split != "test", split))

    def sizes(self, split: str) -> list[int]:
        """Train sizes with a score on this split, rising."""
        return sorted(size for size, rows in self.runs.items() if not scores_of(rows, split).empty)

    def compared(self, size: int, split: str) -> Comparison:
        """The rows of one train size against full fine-tuning, or against the first row while that is missing.

        Raises `SpecError` where there is no score.
        """
        rows = self.runs[size]
        scored = [name for name, seeds in rows.items() if any(split in run.metrics for run in seeds.values())]
        reference = FULL if FULL in scored or not scored else scored[0]
        return compare_regimes(rows, reference, split)

    def learning(self, split: str) -> pd.DataFrame:
        """Scores over train sizes: columns train_size, name, n, mean, low, high, sd, item_low, item_high."""
        frames = []
        for size in self.sizes(split):
            frame = scores_of(self.runs[size], split)
            frame.insert(0, "train_size", size)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def explained(self, found: Comparison, size: int) -> list[Diagnosis]:
        """Failure signatures in one table."""
        return diagnose(found, self.runs[size], self.adapted)


def results_of(sweep: SweepSpec, plan: Plan) -> RegimeResults:
    """The runs of the sweep that are finished now, those that do not read the train size under every size."""
    sizes = list(dict.fromkeys(spec.train_size for spec in sweep.runs if "train_size" in spec.regime.reads))
    found: dict[int, dict[str, dict[int, Run]]] = {size: {} for size in sizes}
    for spec in sweep.runs:
        run = plan.runs.find(spec) if plan.is_done(spec) else None
        for size in ([spec.train_size] if "train_size" in spec.regime.reads else sizes) if run else ():
            found[size].setdefault(row_name(spec, sweep.over), {})[spec.seed] = run  # type: ignore[assignment]  # not None here
    names = dict.fromkeys(row_name(spec, sweep.over) for spec in sweep.runs)
    ordered = {size: {n: rows[n] for n in names if n in rows} for size, rows in found.items() if rows}
    adapted = dict.fromkeys(ref for spec in sweep.runs for ref in spec.adapted)
    return RegimeResults(ordered, tuple(adapted))


def row_name(spec: RunSpec, over: Sequence[str]) -> str:
    """The regime by its label; where fields besides train size and seed change, the run in a few words.

    >>> spec = RunSpec("ties", "en-hi", adapted="starter:en-hi", scaling=0.5)
    >>> row_name(spec, ("regime", "seed")), row_name(spec, ("regime", "scaling"))
    ('TIES → FT', 'TIES → FT, λ 0.5, density 0.3')
    """
    further = [name for name in over if name not in _IN_THE_TABLE and name in spec.regime.reads]
    return run_name(spec) if further else spec.regime.label


def failures(plan: Plan) -> pd.DataFrame:
    """Columns run, train sentences, seed, why: runs of the plan that failed, told each by itself."""
    rows = [
        {"run": run_name(spec), "train sentences": spec.train_size, "seed": spec.seed, "why": message}
        for spec, message in plan.state().failed.items()
    ]
    return pd.DataFrame(rows, columns=["run", "train sentences", "seed", "why"])
