"""Macro-F1 over the plane of three checkpoints, every point of it a merge that was built and scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from codemix_lab.config import MergeMethod, MergeSpec
from codemix_lab.evaluation.metrics import score
from codemix_lab.evaluation.plane import Plane
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from codemix_lab.evaluation.merge_scorer import MergeScorer
    from codemix_lab.text.corpora import HeldOut


@dataclass(frozen=True)
class SurfacePoint:
    """One merge θ_base + a·τ₁ + b·τ₂ at (x, y) in the plane: macro-F1 (0–1) and its 95 % interval over sentences."""

    x: float
    y: float
    a: float
    b: float
    macro_f1: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Plain values to four decimals."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Surface:
    """Points row by row (y, then x ascending), and the three corners: base, first and second checkpoint."""

    points: tuple[SurfacePoint, ...]
    corners: tuple[SurfacePoint, SurfacePoint, SurfacePoint]
    sentences: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "points": [point.to_json() for point in self.points],
            "corners": [point.to_json() for point in self.corners],
            "sentences": self.sentences,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Surface:
        """`to_json` backwards."""
        base, first, second = (SurfacePoint(**point) for point in plain["corners"])
        points = tuple(SurfacePoint(**point) for point in plain["points"])
        return cls(points, (base, first, second), int(plain["sentences"]))

    @property
    def spread(self) -> float:
        """Half the width of the interval in the middle of all points: what noise alone does, roughly."""
        widths = sorted((point.high - point.low) / 2 for point in self.points)
        return widths[len(widths) // 2]

    @property
    def best(self) -> SurfacePoint:
        """The highest point, the first of equals."""
        return max(self.points, key=lambda point: point.macro_f1)


@dataclass(frozen=True)
class Surprise:
    """Pseudo-perplexity of code-mixed and of monolingual text for the merge at (x, y) in the plane, 1 or more."""

    x: float
    y: float
    a: float
    b: float
    code_mixed: float
    monolingual: float


def at_weights(spec: MergeSpec, a: float, b: float) -> MergeSpec:
    """θ_base + a·τ₁ + b·τ₂ as a merge of the two checkpoints of `spec`."""
    return MergeSpec(spec.base, spec.adapted, MergeMethod.TASK_ARITHMETIC, scaling=1.0, weights=(a, b))


def surface(
    scorer: MergeScorer,
    spec: MergeSpec,
    plane: Plane,
    shares: Sequence[float],
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Surface:
    """Score a grid over the plane of the two checkpoints of `spec`, and its corners, by the scorer's probe.

    `shares` are the grid's lines, as parts of ‖τ₁‖ and of the height of τ₂. Raises `Cancelled`.
    """
    total = len(shares) ** 2 + 3
    rows = scorer.score_rows
    gold, texts = rows["label"].tolist(), rows["text"].tolist()
    made: list[SurfacePoint] = []

    def add(x: float, y: float) -> None:
        raise_if_stopped(should_stop)
        report(on_progress, len(made), total, "merges of the plane")
        a, b = plane.weights(x, y)
        found = score(gold, scorer.answer(at_weights(spec, a, b), texts)["predicted"].tolist(), scorer.labels)
        made.append(SurfacePoint(x, y, a, b, found.macro_f1, *found.interval))

    for x, y in plane.corners:
        add(x, y)
    for up in shares:
        for along in shares:
            add(along * plane.first, up * plane.height)
    report(on_progress, total, total, "merges of the plane")
    base, first, second, *points = made
    return Surface(tuple(points), (base, first, second), len(rows))


def surprises(
    scorer: MergeScorer,
    tokenizer: PreTrainedTokenizerBase,
    texts: HeldOut,
    spec: MergeSpec,
    plane: Plane,
    shares: Sequence[float],
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> tuple[Surprise, ...]:
    """Pseudo-perplexity on the grid of `surface`, row by row; nothing for a base without a language-model head.

    Raises `Cancelled`.
    """
    from codemix_lab.evaluation.perplexity import pseudo_perplexity
    from codemix_lab.models.devices import autocast

    if not scorer.has_lm:
        return ()
    made: list[Surprise] = []
    for up in shares:
        for along in shares:
            raise_if_stopped(should_stop)
            report(on_progress, len(made), len(shares) ** 2, "surprise over the plane")
            x, y = along * plane.first, up * plane.height
            a, b = plane.weights(x, y)
            with scorer.model(at_weights(spec, a, b)) as model, autocast():
                mixed, mono = (
                    pseudo_perplexity(model, tokenizer, kind, should_stop=should_stop)
                    for kind in (texts.code_mixed, texts.monolingual)
                )
            made.append(Surprise(x, y, a, b, mixed, mono))
    return tuple(made)
