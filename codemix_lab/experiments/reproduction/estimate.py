"""How many runs are left and how long they will take, told before anything is started."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass

from codemix_lab.config import RunSpec
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.engines.local import cores, fitting_workers

TRAINED, SCORED, STARTED = 0.035, 0.012, 2.0
"""Seconds a sentence and pass, seconds a sentence scored, and seconds before a run: the starter on one core."""


@dataclass(frozen=True)
class Estimate:
    """Runs of a plan, how many are finished, and seconds the rest will take with so many workers.

    `measured` says that the rate comes from finished runs on the same base and not from the starter on
    a plain core.
    """

    runs: int
    done: int
    seconds: float
    workers: int
    measured: bool


def estimate(plan: Plan, workers: int | None = None) -> Estimate:
    """What a plan will take. A rough figure: sentences trained and scored, times what one takes."""
    left = plan.left()
    team = min(max(1, len(left)), workers or fitting_workers(plan.specs))
    rates = measured_rates(plan)
    seconds = sum(_seconds(spec, rates.get(spec.base, 1.0)) for spec in left)
    threads = max(1, cores() // team)
    return Estimate(
        len(plan.specs), len(plan.specs) - len(left), seconds / team / threads**0.5, team, bool(rates)
    )


def measured_rates(plan: Plan) -> dict[str, float]:
    """Seconds that finished runs of the plan took over what `TRAINED` says, by base."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for spec in plan.specs:
        if plan.is_done(spec) and (run := plan.runs.find(spec)) is not None and spec.regime.fine_tunes:
            told = run.provenance.get("seconds")
            if told:
                found[spec.base].append(told / (STARTED + TRAINED * _passes(spec)))
    return {base: statistics.median(values) for base, values in found.items()}


def _seconds(spec: RunSpec, rate: float) -> float:
    if not spec.regime.fine_tunes and "max_length" not in spec.regime.reads:
        return 1.0
    targets = len(spec.targets) * (1 + len(spec.target_sizes))
    scored = (spec.score_size or 3000) * (len(spec.splits) + targets)
    return rate * (STARTED + TRAINED * _passes(spec) + SCORED * scored)


def _passes(spec: RunSpec) -> int:
    if not spec.regime.fine_tunes:
        return 0
    together = spec.train_size + (spec.english_size if spec.regime == "joint" else 0)
    further = len(spec.targets) * sum(spec.target_sizes) * spec.target_epochs
    return together * spec.epochs + further


def in_words(seconds: float) -> str:
    """Seconds as people say them.

    >>> [in_words(s) for s in (40, 600, 9000)]
    ['under a minute', 'about 10 minutes', 'about 2.5 hours']
    """
    if seconds < 60:
        return "under a minute"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"
