"""The λ curve of a single sentence: out of a grid where it stands in one, else worked out at its nodes."""

from __future__ import annotations

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.evaluation.score_grid import ENOUGH
from codemix_lab.evaluation.sentence_curve import SentenceCurve
from codemix_lab.experiments.grids import kept_grid
from codemix_lab.experiments.parts import part
from codemix_lab.progress import Progress, ShouldStop


def kept_sentence_curve(spec: MergeSpec, task: TaskSpec, probe: ProbeSpec, text: str) -> SentenceCurve | None:
    """The sentence's curve if a grid over `spec` that is kept or came with the lab holds it, else None."""
    grid = kept_grid(spec, task, probe)
    column = grid.column(spec.density) if grid is not None else None
    if grid is None or column is None or text not in grid.texts or len(column.scalings) < ENOUGH:
        return None
    return SentenceCurve.of(column, grid.texts.index(text), grid.labels)


def sentence_curve(
    spec: MergeSpec,
    task: TaskSpec,
    probe: ProbeSpec,
    text: str,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> SentenceCurve:
    """The curve of any sentence over λ for the merge `spec` (its λ is ignored), whatever task it is from.

    Where a curve of the task is kept, this costs one merge and one sentence a node; else that curve comes
    first. Raises what `MergeScorer.open` raises, and `Cancelled`.
    """
    kept = kept_sentence_curve(spec, task, probe, text)
    if kept is not None:
        return kept
    from codemix_lab.evaluation.merge_scorer import MergeScorer
    from codemix_lab.evaluation.sentence_curve import follow_sentence
    from codemix_lab.experiments.curves import cached_curve
    from codemix_lab.text.tasks import open_task

    opening, scoring, following = (part(on_progress, place, 3) for place in range(3))
    scorer = MergeScorer.open(spec.base, spec.adapted, open_task(task), probe, opening, should_stop)
    curve = cached_curve(scorer, spec, on_progress=scoring, should_stop=should_stop)
    return follow_sentence(scorer, spec, curve, text, following, should_stop)
