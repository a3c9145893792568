"""The curve over λ as a table: what `codemix-lab curve` prints."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from codemix_lab.config import MergeMethod, MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import SpecError
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.experiments.curves import cached_curve
from codemix_lab.experiments.parts import part
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.tasks import open_task

COLUMNS = [
    "density",
    "scaling",
    "macro_f1",
    "low",
    "high",
    "code_mixed_perplexity",
    "monolingual_perplexity",
    "exact",
]


def curve_table(
    spec: MergeSpec,
    task: TaskSpec,
    probe: ProbeSpec,
    scalings: Sequence[float],
    densities: Sequence[float] = (1.0,),
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> pd.DataFrame:
    """Dev macro-F1 of the probe with its interval and both pseudo-perplexities, a row per density and λ.

    `exact` says whether a row was evaluated there or interpolated. Curves are kept on disk. Raises
    `SpecError` for values out of range or densities for a method that reads none, and what `MergeScorer` raises.
    """
    if "density" not in spec.method.reads and set(densities) != {1.0}:
        readers = ", ".join(method for method in MergeMethod if "density" in method.reads)
        raise SpecError(f"densities belong to {readers}: choose one with --method, or leave --densities out.")
    for scaling in scalings:
        spec.replace(scaling=scaling)
    specs = [spec.replace(density=density) for density in densities]
    scorer = MergeScorer.open(spec.base, spec.adapted, open_task(task), probe, should_stop=should_stop)
    rows = []
    for place, one in enumerate(specs):
        listener = part(on_progress, place, len(specs), f"density {one.density:g}")
        curve = cached_curve(scorer, one, on_progress=listener, should_stop=should_stop)
        for point in map(curve.at, scalings):
            scores = (
                point.macro_f1,
                *point.interval,
                point.code_mixed_perplexity,
                point.monolingual_perplexity,
            )
            rows.append((one.density, point.scaling, *scores, point.exact))
    return pd.DataFrame(rows, columns=COLUMNS)
