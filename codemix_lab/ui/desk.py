"""The explorer's desk: one scorer kept in memory, and two threads that work out what the dials ask for.

The page asks and never waits: `grid` is what is known so far, and `version` grows when something new
has come. The scorer's libraries are loaded in a thread too, so that a kept grid is on the screen
before them. Columns step back while anything more urgent is asked. A grid lies on disk, so that it
is there at once the next time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import streamlit as st

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import Cancelled
from codemix_lab.evaluation.score_grid import ExactScore, GridColumn, ScoreGrid
from codemix_lab.evaluation.shapes import shape, untrimmed
from codemix_lab.experiments import grids
from codemix_lab.progress import ShouldStop, raise_if_stopped
from codemix_lab.text.tasks import open_task
from codemix_lab.ui.lane import Lane

if TYPE_CHECKING:
    from codemix_lab.evaluation.merge_scorer import MergeScorer
    from codemix_lab.training.anatomy import Anatomy

Work = Callable[["MergeScorer", ShouldStop], Any]

KEPT = 64
SIDE_BY_SIDE = 3
"""Questions of one kind that stay wanted: the last ones asked, so that several open tabs get answers."""

SCORE, SENTENCE, CPT, LAYERS, ANATOMY, COLUMN = (
    "the score at this λ",
    "your sentence",
    "the score of CPT",
    "the layers",
    "what the task vectors are made of",
    "the curve",
)
NODES = 9
"""Exact evaluations that a column takes at most."""
URGENCY = {SCORE: 1, SENTENCE: 2, CPT: 3, LAYERS: 4, ANATOMY: 5, COLUMN: 6}

_one_opens = threading.Lock()
"""The library that loads models changes settings of the whole process while it does: two at once lose weights."""


class Desk:
    """Opens a scorer in the background; `want` what the dials say, and read `grid`, `cpt` and `answer`."""

    def __init__(self, base: str, adapted: tuple[str, ...], task: TaskSpec) -> None:
        self.version = 0
        self._task, self._probe = task, ProbeSpec()
        self._progress = (0, 1, "loading the libraries")
        self._wanted: dict[str, deque[Hashable]] = {}
        self._asked: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._grids: dict[MergeSpec, ScoreGrid] = {}
        self._focus: dict[MergeSpec, float] = {}
        self._lock = threading.Lock()
        self._urgent, self._patient = Lane(), Lane()
        self._opening = self._urgent.put(0, lambda: self._open(base, adapted))
        self._opening.add_done_callback(self._tell)

    @property
    def scorer(self) -> MergeScorer | None:
        """The scorer once it is open, None before. Raises what opening raised."""
        return self._opening.result() if self._opening.done() else None

    @property
    def opening(self) -> bool:
        """Whether libraries and checkpoints are still being loaded."""
        return not self._opening.done()

    @property
    def doing(self) -> tuple[float | None, str] | None:
        """How far (0–1, None where that cannot be told) and what is under way; None when all is there."""
        done, total, what = self._progress
        if self.opening:
            return done / total, what
        with self._lock:
            asked = [
                (kind, self._asked.get((kind, key))) for kind, keys in self._wanted.items() for key in keys
            ]
        kinds = {kind for kind, future in asked if future is not None and not future.done()}
        if not kinds:
            return None
        told = ", ".join(sorted(kinds, key=URGENCY.__getitem__))
        return done / total if COLUMN in kinds else None, f"working out {told}"

    def close(self) -> None:
        """Stop what is under way."""
        self._urgent.close()
        self._patient.close()

    def grid(self, spec: MergeSpec) -> ScoreGrid | None:
        """All that is known of the grid that `spec` lies on; None while that is nothing."""
        plane = _plane(spec)
        with self._lock:
            if plane not in self._grids:
                kept = grids.kept_grid(spec, self._task, self._probe)
                if kept is None:
                    return None
                self._grids[plane] = kept
            return self._grids[plane]

    def want(self, spec: MergeSpec, whole_grid: bool) -> None:
        """See to it that the score, the layers and the column at `spec` will be there, then the grid."""
        if self.scorer is None:
            return
        grid = self._true_grid(spec)
        if grid.exact_at(spec.scaling, spec.density) is None:
            self._ask(SCORE, spec, lambda scorer, _: self._add_exact(spec, grids.exact_score(scorer, spec)))
        if spec.density not in grid.layers:
            self._ask(LAYERS, shape(spec), lambda scorer, stop: self._add_layers(scorer, spec, stop))
        if _missing(grid, spec.density, whole_grid):
            self._focus[_plane(spec)] = spec.density
            self._ask(
                COLUMN,
                _plane(spec),
                lambda scorer, stop: self._fill(scorer, spec, whole_grid, stop),
                self._patient,
                again=True,
            )

    def cpt(self, spec: MergeSpec) -> ExactScore | None:
        """The exact scores of full continued pre-training: λ = 1, nothing trimmed."""
        whole = untrimmed(spec, 1.0)
        grid = self.grid(whole)
        if grid is not None and (kept := grid.exact_at(1.0, 1.0)) is not None:
            return kept
        found: ExactScore | None = self._ask(CPT, whole, lambda scorer, _: grids.exact_score(scorer, whole))
        return found

    def answer(self, spec: MergeSpec, text: str) -> dict[str, float] | None:
        """What the probe on this merge thinks of one sentence: label → probability."""

        def read(scorer: MergeScorer, _: ShouldStop) -> dict[str, float]:
            row = scorer.answer(spec, [text]).iloc[0]
            return {label: float(row[f"p_{label}"]) for label in scorer.labels}

        found: dict[str, float] | None = self._ask(SENTENCE, (spec, text), read)
        return found

    def anatomy(self) -> Anatomy | None:
        """What the task vectors are made of: the same wherever the dials are."""
        found: Anatomy | None = self._ask(ANATOMY, "", lambda scorer, stop: scorer.anatomy(stop))
        return found

    def _open(self, base: str, adapted: tuple[str, ...]) -> MergeScorer:
        from codemix_lab.evaluation.merge_scorer import MergeScorer

        with _one_opens:
            return MergeScorer.open(
                base, adapted, open_task(self._task), self._probe, self._report, lambda: self._urgent.closed
            )

    def _true_grid(self, spec: MergeSpec) -> ScoreGrid:
        """The grid of the scorer that is open: what was kept for another one goes."""
        scorer = self.scorer
        assert scorer is not None  # noqa: S101 the caller has looked
        kept = self.grid(spec)
        if kept is None or kept.fingerprint != scorer.fingerprint:
            kept = grids.new_grid(scorer)
            with self._lock:
                self._grids[_plane(spec)] = kept
        return kept

    def _fill(self, scorer: MergeScorer, spec: MergeSpec, whole_grid: bool, stop: ShouldStop) -> None:
        """Column after column, each time the one that is wanted most from where the dial is now."""
        plane = _plane(spec)
        while missing := _missing(self._grids[plane], self._focus[plane], whole_grid):
            at = spec.replace(density=missing[0])
            count = len(grids.columns_from(at.density)) if whole_grid else 1
            behind = NODES * (count - len(missing))

            def grown(column: GridColumn, behind: int = behind, count: int = count) -> None:
                done = behind + min(len(column.scalings), NODES - 1)
                self._progress = (done, NODES * count, "")
                self._change(plane, lambda grid: grid.with_column(column))
                self._step_back(stop)

            def moved(at: MergeSpec = at) -> bool:
                wanted = _missing(self._grids[plane], self._focus[plane], whole_grid=False)
                return stop() or (bool(wanted) and wanted[0] != at.density)

            self._progress = (behind, NODES * count, "")
            self._step_back(stop)
            try:
                column = grids.column(scorer, at, grown, should_stop=moved)
            except Cancelled:
                raise_if_stopped(stop)
                continue
            grown(column)
            grids.keep(self._grids[plane], spec, self._task, self._probe)

    def _step_back(self, stop: ShouldStop) -> None:
        while not self._urgent.idle and not stop():
            self._urgent.wait_idle(1.0)

    def _add_exact(self, spec: MergeSpec, score: ExactScore) -> None:
        self._change(_plane(spec), lambda grid: grid.with_exact(score))

    def _add_layers(self, scorer: MergeScorer, spec: MergeSpec, stop: ShouldStop) -> None:
        from codemix_lab.evaluation.anatomy import layers

        rows = layers(scorer, spec, stop)
        self._change(_plane(spec), lambda grid: grid.with_layers(spec.density, rows))

    def _change(self, plane: MergeSpec, change: Callable[[ScoreGrid], ScoreGrid]) -> None:
        with self._lock:
            self._grids[plane] = change(self._grids[plane])
        self._tell()

    def _ask(
        self, kind: str, key: Hashable, work: Work, lane: Lane | None = None, again: bool = False
    ) -> Any:
        """The result for (kind, key) if it is there; otherwise see to it that it will be, and return None.

        What was cancelled is begun anew, with `again` also what is done.
        """
        scorer = self.scorer
        if scorer is None:
            return None
        with self._lock:
            wanted = self._wanted.setdefault(kind, deque(maxlen=SIDE_BY_SIDE))
            if key in wanted:
                wanted.remove(key)
            wanted.append(key)
            future = self._asked.get((kind, key))
            if future is None or (future.done() and _asks_again(future, again)):

                def stop() -> bool:
                    return self._urgent.closed or key not in wanted

                def answer() -> Any:
                    raise_if_stopped(stop)
                    return work(scorer, stop)

                future = (lane or self._urgent).put(URGENCY[kind], answer)
                future.add_done_callback(self._tell)
                self._asked[(kind, key)] = future
            self._asked.move_to_end((kind, key))
            while len(self._asked) > KEPT:
                self._asked.popitem(last=False)
        return future.result() if future.done() else None

    def _report(self, done: int, total: int, what: str) -> None:
        self._progress = (done, total, what)

    def _tell(self, *_: object) -> None:
        self.version += 1


def _missing(grid: ScoreGrid, density: float, whole_grid: bool) -> list[float]:
    """Densities whose columns are not complete, in the order in which they are wanted."""
    wanted = grids.columns_from(density) if whole_grid else [density]
    columns = {density: grid.column(density) for density in wanted}
    return [density for density, column in columns.items() if column is None or not column.complete]


def _asks_again(future: Future[Any], again: bool) -> bool:
    error = future.exception()
    return isinstance(error, Cancelled) or (again and error is None)


def _plane(spec: MergeSpec) -> MergeSpec:
    """All of a merge but λ and density: what spans one grid."""
    return shape(spec).replace(density=1.0)


def desk_for(base: str, adapted: tuple[str, ...], task: TaskSpec) -> Desk:
    """The desk for these checkpoints and this task, opened anew when a file behind them has changed."""
    stamps = tuple(grids.stamp(ref) for ref in (base, *adapted, task.source))
    return _desk(base, adapted, task, stamps)


@st.cache_resource(max_entries=2, show_spinner=False, on_release=Desk.close)
def _desk(base: str, adapted: tuple[str, ...], task: TaskSpec, stamps: tuple[str, ...]) -> Desk:
    return Desk(base, adapted, task)
