"""The exact score of one merge: what stands on Explore at the dial."""

from __future__ import annotations

from typing import Any

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.tasks import open_task


def score_merge(
    spec: MergeSpec,
    task: TaskSpec,
    probe: ProbeSpec,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> dict[str, Any]:
    """Dev macro-F1 of the probe with its 95 % interval (0–1), F1 of each class, both pseudo-perplexities.

    Raises what `MergeScorer` raises.
    """
    scorer = MergeScorer.open(spec.base, spec.adapted, open_task(task), probe, on_progress, should_stop)
    point = scorer.point(spec, on_progress, should_stop)
    low, high = point.interval
    return {
        "macro_f1": point.macro_f1,
        "low": low,
        "high": high,
        "per_class": dict(point.per_class),
        "code_mixed_perplexity": point.code_mixed_perplexity,
        "monolingual_perplexity": point.monolingual_perplexity,
    }
