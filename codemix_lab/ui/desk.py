"""The explorer's desk: one scorer kept in memory, and two threads that work out what the dials ask for.

The page asks and never waits: an answer that is not there yet is None, and `version` grows when
something new has come. The curve steps back while anything more urgent is asked. A complete curve
lies on disk, so that it is there at once the next time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.config import MergeMethod, MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import Cancelled
from codemix_lab.evaluation.curve import LambdaCurve
from codemix_lab.evaluation.curve_points import CurvePoint
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.experiments.curves import cached_curve
from codemix_lab.models.starter.names import is_starter_name, starter_paths
from codemix_lab.progress import ShouldStop, raise_if_stopped
from codemix_lab.text.tasks import open_task
from codemix_lab.ui.anatomy import layer_table, squares
from codemix_lab.ui.lane import Lane
from codemix_lab.ui.readings import Reading, read_curve, scored_point

Work = Callable[[MergeScorer, ShouldStop], Any]

KEPT = 64
SIDE_BY_SIDE = 3
"""Questions of one kind that stay wanted: the last ones asked, so that several open tabs get answers."""

URGENCY = {
    "the score at this λ": 1,
    "your sentence": 2,
    "the score of CPT": 3,
    "the layers": 4,
    "the curve": 5,
}


class Desk:
    """Opens a scorer in the background, then answers `point`, `cpt`, `reading`, `layers` and `answer`."""

    def __init__(self, base: str, adapted: tuple[str, ...], task: TaskSpec) -> None:
        self.version = 0
        self._progress = (0, 1, "opening the checkpoints")
        self._wanted: dict[str, deque[Hashable]] = {}
        self._asked: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._readings: dict[Hashable, Reading] = {}
        self._lock = threading.Lock()
        self._urgent, self._patient = Lane(), Lane()
        self._opening = self._urgent.put(
            0,
            lambda: MergeScorer.open(
                base, adapted, open_task(task), ProbeSpec(), self._report, lambda: self._urgent.closed
            ),
        )
        self._opening.add_done_callback(self._tell)

    @property
    def scorer(self) -> MergeScorer | None:
        """The scorer once it is open, None before. Raises what opening raised."""
        return self._opening.result() if self._opening.done() else None

    @property
    def doing(self) -> tuple[float | None, str] | None:
        """How far (0–1, None where that cannot be told) and what is under way; None when all is there."""
        done, total, what = self._progress
        if not self._opening.done():
            return done / total, what
        with self._lock:
            asked = [
                (kind, self._asked.get((kind, key))) for kind, keys in self._wanted.items() for key in keys
            ]
        kinds = {kind for kind, future in asked if future is not None and not future.done()}
        if not kinds:
            return None
        told = ", ".join(sorted(kinds, key=URGENCY.__getitem__))
        return done / total if "the curve" in kinds else None, f"working out {told}"

    def close(self) -> None:
        """Stop what is under way."""
        self._urgent.close()
        self._patient.close()

    def point(self, spec: MergeSpec) -> CurvePoint | None:
        """The exact scores of `spec`, without pseudo-perplexity."""
        point: CurvePoint | None = self._ask(
            "the score at this λ", spec, lambda scorer, _: scored_point(scorer, spec)
        )
        return point

    def cpt(self, spec: MergeSpec) -> CurvePoint | None:
        """The exact scores of full continued pre-training: λ = 1, nothing trimmed."""
        whole = untrimmed(spec, 1.0)
        point: CurvePoint | None = self._ask(
            "the score of CPT", whole, lambda scorer, _: scored_point(scorer, whole)
        )
        return point

    def reading(self, spec: MergeSpec) -> Reading | None:
        """The curve over λ through `spec`, as far as it is known."""
        key = shape(spec)

        def draw(scorer: MergeScorer, stop: ShouldStop) -> Reading:
            def step_back() -> None:
                while not self._urgent.idle and not stop():
                    self._urgent.wait_idle(1.0)

            def grown(curve: LambdaCurve) -> None:
                self._progress = (len(curve.nodes), max(len(curve.nodes) + 1, 9), "")
                self._readings[key] = read_curve(curve, complete=False)
                self._tell()
                step_back()

            step_back()
            self._progress = (0, 9, "")
            return read_curve(cached_curve(scorer, spec, grown, should_stop=stop), complete=True)

        whole: Reading | None = self._ask("the curve", key, draw, self._patient)
        return whole or self._readings.get(key)

    def layers(self, spec: MergeSpec) -> pd.DataFrame | None:
        """How far each layer moves (`anatomy.layer_table`) at `spec`."""

        def measure(scorer: MergeScorer, stop: ShouldStop) -> pd.DataFrame:
            with scorer.model(untrimmed(spec, 0.0)) as model:
                base = {name: values.detach().clone() for name, values in model.named_parameters()}
            lengths = [squares(base)]
            for asked in (untrimmed(spec, 1.0), spec.replace(scaling=1.0)):
                raise_if_stopped(stop)
                with scorer.model(asked) as model:
                    lengths.append(squares(base, dict(model.named_parameters())))
            return layer_table(*lengths)

        table: pd.DataFrame | None = self._ask("the layers", shape(spec), measure)
        return table if table is None else table.assign(kept=table["kept"] * spec.scaling)

    def answer(self, spec: MergeSpec, text: str) -> dict[str, float] | None:
        """What the probe on this merge thinks of one sentence: label → probability."""

        def read(scorer: MergeScorer, _: ShouldStop) -> dict[str, float]:
            row = scorer.answer(spec, [text]).iloc[0]
            return {label: float(row[f"p_{label}"]) for label in scorer.labels}

        found: dict[str, float] | None = self._ask("your sentence", (spec, text), read)
        return found

    def _ask(self, kind: str, key: Hashable, work: Work, lane: Lane | None = None) -> Any:
        """The result for (kind, key) if it is there; otherwise see to it that it will be, and return None."""
        scorer = self.scorer
        if scorer is None:
            return None
        with self._lock:
            wanted = self._wanted.setdefault(kind, deque(maxlen=SIDE_BY_SIDE))
            if key in wanted:
                wanted.remove(key)
            wanted.append(key)
            future = self._asked.get((kind, key))
            if future is None or (future.done() and isinstance(future.exception(), Cancelled)):

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


def shape(spec: MergeSpec) -> MergeSpec:
    """All of a merge but λ."""
    return spec.replace(scaling=0.0)


def untrimmed(spec: MergeSpec, scaling: float) -> MergeSpec:
    """Plain task arithmetic with the checkpoints of `spec`: base at λ = 0, CPT at λ = 1."""
    return spec.replace(method=MergeMethod.TASK_ARITHMETIC, density=1.0, scaling=scaling)


def desk_for(base: str, adapted: tuple[str, ...], task: TaskSpec) -> Desk:
    """The desk for these checkpoints and this task, opened anew when a file behind them has changed."""
    stamps = tuple(_stamp(ref) for ref in (base, *adapted, task.source))
    return _desk(base, adapted, task, stamps)


@st.cache_resource(max_entries=2, show_spinner=False, on_release=Desk.close)
def _desk(base: str, adapted: tuple[str, ...], task: TaskSpec, stamps: tuple[str, ...]) -> Desk:
    return Desk(base, adapted, task)


def _stamp(ref: str) -> str:
    """What changes when the files behind a reference do; cheap, and empty for what lies elsewhere."""
    place = Path(ref).expanduser()
    if is_starter_name(ref):
        folder, adapter = starter_paths(ref)
        place = adapter or folder
    files = sorted(place.glob("*.safetensors")) if place.is_dir() else [place] if place.is_file() else []
    return ";".join(f"{f.name}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files)
