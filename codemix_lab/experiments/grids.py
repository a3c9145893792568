"""Grids over λ and density: filled column by column, kept on disk, and one that comes with the lab.

A grid is found by what is cheap to look at (names, sizes and times of files; hashes where they are
small), so that it can be shown before any model is opened. Whether it is true is decided by the
scorer's fingerprint, which lies in the file: a grid of another one is thrown away.
"""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codemix_lab import paths
from codemix_lab.config import MergeMethod, MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import CodeMixLabError, StorageError
from codemix_lab.evaluation.score_grid import ExactScore, GridColumn, ScoreGrid, log_probabilities
from codemix_lab.experiments.store import content_key
from codemix_lab.models.starter.names import adapter_folder, base_folder, is_starter_name
from codemix_lab.models.trajectory import place_of
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.tasks import open_task, starter_tasks

if TYPE_CHECKING:
    from codemix_lab.evaluation.curve import LambdaCurve
    from codemix_lab.evaluation.merge_scorer import MergeScorer

COARSE = (0.1, 0.4, 0.7, 1.0)
FINE = (0.05, 0.2, 0.3, 0.55, 0.85)

SHIPPED = Path(__file__).with_name("shipped")
"""Grids that come with the lab, by key: made by `codemix-lab starter grid`."""

OnGrid = Callable[[ScoreGrid], None]
_log = logging.getLogger(__name__)


def columns_from(density: float) -> list[float]:
    """The densities of a grid in the order they are wanted: the dialled one, coarse ones, fine ones.

    Within each, those near the dial come first.

    >>> columns_from(0.3)
    [0.3, 0.4, 0.1, 0.7, 1.0, 0.2, 0.05, 0.55, 0.85]
    """
    wanted = [density]
    for level in (COARSE, FINE):
        wanted += sorted(level, key=lambda other: (round(abs(other - density), 6), other))
    return list(dict.fromkeys(wanted))


def stamp(ref: str) -> str:
    """What changes when the weights or the table behind a reference do; cheap, and empty for a hub id."""
    if is_starter_name(ref):
        return _starter_stamp(ref)
    if ref in starter_tasks():
        return _task_digest(ref)
    place = place_of(ref)
    files = sorted(place.glob("*.safetensors")) if place.is_dir() else [place] if place.is_file() else []
    return ";".join(f"{f.name}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files)


def grid_key(spec: MergeSpec, task: TaskSpec, probe: ProbeSpec) -> str:
    """The name of the grid that `spec` lies on: everything but its λ and density."""
    plain = spec.replace(scaling=0.0, density=1.0)
    stamps = [stamp(ref) for ref in (*spec.adapted, spec.base, task.source)]
    return content_key("grid", plain.to_dict(), task.to_dict(), probe.to_dict(), stamps)


def kept_grid(spec: MergeSpec, task: TaskSpec, probe: ProbeSpec) -> ScoreGrid | None:
    """The grid that is kept for these, else the one that came with the lab, else None.

    A damaged file counts as none.
    """
    try:
        name = f"{grid_key(spec, task, probe)}.npz"
        for path in (_kept() / name, *SHIPPED.glob(f"*.{name}")):
            if path.is_file():
                return ScoreGrid.from_npz(path)
    except StorageError as error:
        _log.warning("%s", error)
    except CodeMixLabError:
        pass
    return None


def new_grid(scorer: MergeScorer) -> ScoreGrid:
    """A grid without columns for the sentences of `scorer`."""
    rows = scorer.score_rows
    gold = tuple(scorer.labels.index(label) for label in rows["label"])
    return ScoreGrid(scorer.fingerprint, scorer.labels, tuple(rows["text"]), gold)


def column(
    scorer: MergeScorer,
    spec: MergeSpec,
    on_column: Callable[[GridColumn], None] | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> GridColumn:
    """The column through `spec`, growing node by node. Raises what `cached_curve` raises."""
    from codemix_lab.experiments.curves import cached_curve

    def grown(curve: LambdaCurve) -> None:
        if on_column is not None:
            on_column(GridColumn.of(curve, spec.density, complete=False))

    return GridColumn.of(cached_curve(scorer, spec, grown, on_progress, should_stop), spec.density)


def make_grid(
    spec: MergeSpec,
    task: TaskSpec,
    probe: ProbeSpec,
    densities: Sequence[float],
    scalings: Iterable[float],
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> ScoreGrid:
    """A whole grid at once: a column for each of `densities`, and exact scores at `scalings` in the first.

    Minutes for the starter. Raises what `MergeScorer` raises.
    """
    from codemix_lab.evaluation.anatomy import layers
    from codemix_lab.evaluation.merge_scorer import MergeScorer

    scorer = MergeScorer.open(spec.base, spec.adapted, open_task(task), probe, should_stop=should_stop)
    grid = new_grid(scorer)
    for done, density in enumerate(densities):
        report(on_progress, done, len(densities), f"density {density:g}")
        at = spec.replace(density=density)
        grid = grid.with_column(column(scorer, at, should_stop=should_stop))
        grid = grid.with_layers(density, layers(scorer, at, should_stop))
    for scaling in scalings:
        raise_if_stopped(should_stop)
        grid = grid.with_exact(exact_score(scorer, spec.replace(scaling=scaling, density=densities[0])))
    report(on_progress, len(densities), len(densities), "grid complete")
    return grid


def ship_starter_grid(
    method: MergeMethod,
    densities: Sequence[float],
    room: Path | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Path:
    """Make the grid that the lab opens with: the starter, its first adapter and its task at the defaults.

    An older grid of the method is removed from `room` (left out: where the lab looks).
    """
    task, probe, room = TaskSpec("en-hi"), ProbeSpec(), room or SHIPPED
    spec = MergeSpec("starter", ("starter:en-hi",), method, density=densities[0])
    grid = make_grid(spec, task, probe, densities, (spec.scaling, 1.0), on_progress, should_stop)
    path = room / f"{method}.{grid_key(spec, task, probe)}.npz"
    grid.to_npz(path)
    for other in set(room.glob(f"{method}.*.npz")) - {path}:
        other.unlink()
    return path


def exact_score(scorer: MergeScorer, spec: MergeSpec, should_stop: ShouldStop | None = None) -> ExactScore:
    """The exact scores of one merge, without pseudo-perplexity, which takes twice as long as all the rest.

    Raises `Cancelled`.
    """
    frame = scorer.answer(spec, list(scorer.score_rows["text"]), should_stop)
    found = frame[[f"p_{label}" for label in scorer.labels]].to_numpy()
    return ExactScore(spec.scaling, spec.density, log_probabilities(found))


def keep(grid: ScoreGrid, spec: MergeSpec, task: TaskSpec, probe: ProbeSpec) -> None:
    """Write a grid under its key into the workspace. Raises `StorageError`."""
    grid.to_npz(_kept() / f"{grid_key(spec, task, probe)}.npz")


def _kept() -> Path:
    return paths.workspace() / "grids"


def _starter_stamp(ref: str) -> str:
    """The same on every machine: what the starter is made from, not when."""
    adapter = adapter_folder(ref) / "adapter_model.safetensors"
    own = _digest(adapter, adapter.stat().st_mtime_ns) if ":" in ref and adapter.is_file() else ""
    return f"{base_folder(ref.partition(':')[0]).name};{own}"


@functools.lru_cache(maxsize=32)
def _task_digest(name: str) -> str:
    """The digest of a task that comes with the lab, read once."""
    return open_task(name).digest


@functools.lru_cache(maxsize=16)
def _digest(path: Path, _modified: int) -> str:
    """SHA-256 of a file, read once: a page asks for it at every look."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
