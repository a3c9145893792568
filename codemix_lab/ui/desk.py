"""The explorer's desk: one scorer kept in memory, and two threads that work out what the dials ask for.

The page asks and never waits: `grid` is what is known so far, and `stand` changes when something new
has come for the one who asks. The scorer's libraries are loaded in a thread too, and only once a kept grid
has been seen. Whatever is worked out steps aside while a page is drawn, and columns also while anything
more urgent is asked. All visitors with the same bench share one desk.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import psutil
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import Cancelled
from codemix_lab.evaluation.score_grid import ExactScore, GridColumn, ScoreGrid
from codemix_lab.evaluation.shapes import shape, untrimmed
from codemix_lab.experiments import grids
from codemix_lab.progress import ShouldStop, raise_if_stopped
from codemix_lab.text.tasks import open_task
from codemix_lab.ui import heavy
from codemix_lab.ui.allowed import read_only
from codemix_lab.ui.calm import Calm
from codemix_lab.ui.lane import GRACE, Lane
from codemix_lab.ui.memory import give_back
from codemix_lab.ui.planes import Planes, plane_of
from codemix_lab.ui.questions import Questions

if TYPE_CHECKING:
    from codemix_lab.evaluation.merge_scorer import MergeScorer
    from codemix_lab.training.anatomy import Anatomy

Work = Callable[["MergeScorer", ShouldStop], Any]

DESKS = int(min(4, max(2, psutil.virtual_memory().total // 8e9)))
"""Desks kept open: one for every 8 GB of memory, so that visitors with different benches do not take turns."""

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
AT_ONCE = {SENTENCE: 3}
"""Questions of a kind that one visitor asks together: base, merged and CPT answer a sentence."""
URGENCY = {SCORE: 1, SENTENCE: 2, CPT: 3, LAYERS: 4, ANATOMY: 5, COLUMN: 6}

_one_opens = threading.Lock()
"""The library that loads models changes settings of the whole process while it does: two at once lose weights."""


class Desk:
    """Opens a scorer in the background; `want` what the dials say, and read `grid`, `cpt` and `answer`."""

    def __init__(self, base: str, adapted: tuple[str, ...], task: TaskSpec) -> None:
        self._task, self._probe = task, ProbeSpec()
        self._progress = (0, 1, "loading the libraries")
        self._questions = Questions()
        self._planes = Planes(self._task, self._probe)
        self._focus: dict[MergeSpec, float] = {}
        self._urgent, self._patient = Lane(), Lane()
        self._calm = Calm()
        self._looks = itertools.count()
        self._begins = threading.Event()
        self._opening = self._urgent.put(0, lambda: self._open(base, adapted))

    @property
    def closed(self) -> bool:
        """Whether another bench has taken this one's place in memory: it works out nothing more."""
        return self._urgent.closed

    @property
    def scorer(self) -> MergeScorer | None:
        """The scorer once it is open; None before, and when the desk is closed. Raises what opening raised."""
        return self._opening.result() if self._opening.done() else None

    @property
    def begun(self) -> bool:
        """Whether opening has begun."""
        return self._begins.is_set()

    @property
    def opening(self) -> bool:
        """Whether libraries and checkpoints are still being loaded, or will be."""
        return not self._opening.done()

    def drawing(self) -> AbstractContextManager[None]:
        """A page is being drawn while the block runs: what is worked out steps aside."""
        return self._calm.drawing()

    def begin(self) -> None:
        """Load libraries and checkpoints now."""
        self._begins.set()

    def seen(self) -> None:
        """Told at every look. The second one comes from a browser that has drawn the first picture: then loading begins."""
        if next(self._looks):
            self.begin()

    @property
    def doing(self) -> tuple[float | None, str] | None:
        """How far (0–1, None where that cannot be told) and what this visitor waits for; None when all is there."""
        done, total, what = self._progress
        if self.opening:
            return done / total, what
        kinds = self._questions.waiting(_visitor())
        if not kinds:
            return None
        told = ", ".join(sorted(kinds, key=URGENCY.__getitem__))
        return done / total if COLUMN in kinds else None, f"working out {told}"

    def stand(self, spec: MergeSpec) -> Hashable:
        """What is there for this visitor at `spec`: another value when the page has something new to show."""
        grid = self.grid(spec)
        answers = (self.begun, self.opening, *self._questions.answered(_visitor(), (CPT, SENTENCE, ANATOMY)))
        if grid is None:
            return answers
        columns = tuple((column.density, len(column.scalings), column.complete) for column in grid.columns)
        exact = grid.exact_at(spec.scaling, spec.density) is not None
        return answers, grid.fingerprint, columns, exact, spec.density in grid.layers

    def close(self) -> None:
        """Stop what is under way; when it has ended the weights leave the memory, whoever still holds the desk."""
        self._urgent.close()
        self._patient.close()
        threading.Thread(target=self._let_go, daemon=True).start()

    def grid(self, spec: MergeSpec) -> ScoreGrid | None:
        """All that is known of the grid that `spec` lies on; None while that is nothing."""
        return self._planes.known(spec)

    def want(self, spec: MergeSpec, whole_grid: bool) -> None:
        """See to it that the score, the layers and the column at `spec` will be there, then the grid.

        Where the lab is on show, only the score: nothing long is begun, and nothing kept.
        """
        scorer = self.scorer
        if scorer is None:
            return
        grid = self._planes.true(spec, scorer)
        if grid.exact_at(spec.scaling, spec.density) is None:
            self._ask(SCORE, spec, lambda scorer, stop: self._score(scorer, spec, stop))
        if read_only():
            return
        if spec.density not in grid.layers:
            self._ask(LAYERS, shape(spec), lambda scorer, stop: self._add_layers(scorer, spec, stop))
        if _missing(grid, spec.density, whole_grid):
            self._focus[plane_of(spec)] = spec.density
            self._ask(
                COLUMN,
                plane_of(spec),
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
        found: ExactScore | None = self._ask(
            CPT, whole, lambda scorer, stop: grids.exact_score(scorer, whole, stop)
        )
        return found

    def answer(self, spec: MergeSpec, text: str) -> dict[str, float] | None:
        """What the probe on this merge thinks of one sentence: label → probability."""

        def read(scorer: MergeScorer, stop: ShouldStop) -> dict[str, float]:
            row = scorer.answer(spec, [text], stop).iloc[0]
            return {label: float(row[f"p_{label}"]) for label in scorer.labels}

        found: dict[str, float] | None = self._ask(SENTENCE, (spec, text), read)
        return found

    def anatomy(self) -> Anatomy | None:
        """What the task vectors are made of: the same wherever the dials are."""
        found: Anatomy | None = self._ask(ANATOMY, "", lambda scorer, stop: scorer.anatomy(stop))
        return found

    def _open(self, base: str, adapted: tuple[str, ...]) -> MergeScorer:
        while not self._begins.wait(0.2):
            raise_if_stopped(lambda: self._urgent.closed)
        with _one_opens:
            heavy.load()
            from codemix_lab.evaluation.merge_scorer import MergeScorer

            return MergeScorer.open(
                base, adapted, open_task(self._task), self._probe, self._report, lambda: self._urgent.closed
            )

    def _fill(self, scorer: MergeScorer, spec: MergeSpec, whole_grid: bool, stop: ShouldStop) -> None:
        """Column after column, each time the one that is wanted most from where the dial is now."""

        def missing(whole: bool = whole_grid) -> list[float]:
            return _missing(self._planes.true(spec, scorer), self._focus[plane_of(spec)], whole)

        while wanted := missing():
            at = spec.replace(density=wanted[0])
            count = len(grids.columns_from(at.density)) if whole_grid else 1
            behind = NODES * (count - len(wanted))

            def grown(column: GridColumn, behind: int = behind, count: int = count) -> None:
                done = behind + min(len(column.scalings), NODES - 1)
                self._progress = (done, NODES * count, "")
                self._planes.change(spec, lambda grid: grid.with_column(column))
                self._step_back(stop)

            def moved(at: MergeSpec = at) -> bool:
                nearest = missing(whole=False)
                return stop() or (bool(nearest) and nearest[0] != at.density)

            self._progress = (behind, NODES * count, "")
            self._step_back(stop)
            try:
                column = grids.column(scorer, at, grown, should_stop=moved)
            except Cancelled:
                raise_if_stopped(stop)
                continue
            grown(column)
            self._planes.save(spec)

    def _step_back(self, stop: ShouldStop) -> None:
        while not self._urgent.idle and not stop():
            self._urgent.wait_idle(1.0)

    def _score(self, scorer: MergeScorer, spec: MergeSpec, stop: ShouldStop) -> None:
        score = grids.exact_score(scorer, spec, stop)
        self._planes.change(spec, lambda grid: grid.with_exact(score))

    def _add_layers(self, scorer: MergeScorer, spec: MergeSpec, stop: ShouldStop) -> None:
        from codemix_lab.evaluation.anatomy import layers

        rows = layers(scorer, spec, stop)
        self._planes.change(spec, lambda grid: grid.with_layers(spec.density, rows))

    def _ask(
        self, kind: str, key: Hashable, work: Work, lane: Lane | None = None, again: bool = False
    ) -> Any:
        """The result for (kind, key) if it is there; otherwise see to it that it will be, and return None."""
        scorer = self.scorer
        if scorer is None:
            return None
        future = self._questions.ask(
            _visitor(),
            kind,
            key,
            lambda stop: work(scorer, self._calm.before(stop)),
            lane or self._urgent,
            URGENCY[kind],
            at_once=AT_ONCE.get(kind, 1),
            again=again,
        )
        return future.result() if future.done() else None

    def _let_go(self) -> None:
        self._urgent.close(wait=GRACE)
        self._patient.close(wait=GRACE)
        self._opening = Future()
        give_back()

    def _report(self, done: int, total: int, what: str) -> None:
        self._progress = (done, total, what)


def _missing(grid: ScoreGrid, density: float, whole_grid: bool) -> list[float]:
    """Densities whose columns are not complete, in the order in which they are wanted."""
    wanted = grids.columns_from(density) if whole_grid else [density]
    columns = {density: grid.column(density) for density in wanted}
    return [density for density, column in columns.items() if column is None or not column.complete]


def _visitor() -> str:
    """The browser window that asks; empty outside of a page."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def desk_for(base: str, adapted: tuple[str, ...], task: TaskSpec) -> Desk:
    """The desk for these checkpoints and this task, opened anew when a file behind them has changed."""
    stamps = tuple(grids.stamp(ref) for ref in (base, *adapted, task.source))
    return _desk(base, adapted, task, stamps)


@st.cache_resource(max_entries=DESKS, show_spinner=False, on_release=Desk.close)
def _desk(base: str, adapted: tuple[str, ...], task: TaskSpec, stamps: tuple[str, ...]) -> Desk:
    return Desk(base, adapted, task)
