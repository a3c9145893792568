"""Curves over λ kept on disk by what they were computed from."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemix_lab import paths
from codemix_lab.config import MergeSpec
from codemix_lab.errors import StorageError
from codemix_lab.evaluation.curve import LambdaCurve
from codemix_lab.experiments.store import content_key
from codemix_lab.progress import Progress, ShouldStop

if TYPE_CHECKING:
    from codemix_lab.evaluation.merge_scorer import MergeScorer

_log = logging.getLogger(__name__)


def cached_curve(
    scorer: MergeScorer,
    spec: MergeSpec,
    on_curve: Callable[[LambdaCurve], None] | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> LambdaCurve:
    """The curve of `spec` (its λ is ignored): read when it was computed before, else computed and kept.

    `on_curve` gets the growing curve, or the whole one at once when it was kept. A damaged file is
    computed again. Raises `Cancelled` and what `MergeScorer.curve` raises.
    """
    path = curve_path(scorer, spec)
    if path.is_file():
        try:
            curve = LambdaCurve.from_npz(path)
        except StorageError as error:
            _log.warning("%s", error)
        else:
            if on_curve is not None:
                on_curve(curve)
            return curve
    curve = scorer.curve(spec, on_curve=on_curve, on_progress=on_progress, should_stop=should_stop)
    curve.to_npz(path)
    return curve


def curve_path(scorer: MergeScorer, spec: MergeSpec) -> Path:
    """Where the curve lies: λ is not in the name, nor is density where the method does not read it."""
    reads = spec.method.reads
    shape: tuple[Any, ...] = (spec.density, str(spec.scope)) if "density" in reads else ()
    named = {"base", "adapted", "method", "scaling", "density", "scope"}
    further = {name: value for name, value in spec.to_dict().items() if name not in named}
    shape += (json.dumps(further, sort_keys=True),) if further else ()
    return paths.workspace() / "curves" / f"{content_key(scorer.fingerprint, str(spec.method), *shape)}.npz"
