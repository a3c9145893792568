"""The explorer's desk: one scorer kept in memory, and threads that score what the dials ask for.

The page asks and never waits. Exact points come before the curve; only what was asked for last is
worked on. A complete curve lies on disk, so that it is there at once the next time.
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
from codemix_lab.progress import raise_if_stopped
from codemix_lab.text.tasks import open_task
from codemix_lab.ui.anatomy import layer_table, squares
from codemix_lab.ui.background import in_background
from codemix_lab.ui.readings import Reading, read_curve

KEPT = 64
NODES = 9
SIDE_BY_SIDE = 2
"""Questions of one kind worked on at once: the last ones asked, so that two open tabs both get answers."""


class Desk:
    """Opens a scorer in the background, then answers `point`, `reading`, `layers` and `answer`."""

    def __init__(self, base: str, adapted: tuple[str, ...], task: TaskSpec) -> None:
        self.progress: tuple[int, int, str] = (0, 1, "opening")
        self.version = 0
        self._closed = False
        self._wanted: dict[str, deque[Hashable]] = {}
        self._done: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._readings: dict[Hashable, Reading] = {}
        self._lock = threading.Lock()
        self._opening = in_background(
            lambda: MergeScorer.open(
                base, adapted, open_task(task), ProbeSpec(), self._report, lambda: self._closed
            )
        )
        self._opening.add_done_callback(self._tell)

    @property
    def scorer(self) -> MergeScorer | None:
        """The scorer once it is open, None before. Raises what opening raised."""
        return self._opening.result() if self._opening.done() else None

    def close(self) -> None:
        """Stop what is under way."""
        self._closed = True

    def point(self, spec: MergeSpec) -> CurvePoint | None:
        """The exact scores of `spec`, or None while they are being computed."""
        point: CurvePoint | None = self._ask(
            "point", spec, lambda scorer, stop: scorer.point(spec, should_stop=stop)
        )
        return point

    def cpt(self, spec: MergeSpec) -> CurvePoint | None:
        """The exact scores of full continued pre-training (λ = 1, nothing trimmed); None while under way."""
        whole = spec.replace(method=MergeMethod.TASK_ARITHMETIC, density=1.0, scaling=1.0)
        point: CurvePoint | None = self._ask(
            "cpt", whole, lambda scorer, stop: scorer.point(whole, should_stop=stop)
        )
        return point

    def reading(self, spec: MergeSpec) -> Reading | None:
        """The curve over λ through `spec`, as far as it is known; None before its first points."""
        key = shape(spec)

        def draw(scorer: MergeScorer, stop: Callable[[], bool]) -> Reading:
            def grown(curve: LambdaCurve) -> None:
                self.progress = (
                    len(curve.nodes),
                    NODES,
                    f"the curve: {len(curve.nodes)} exact points so far",
                )
                self._readings[key] = read_curve(curve, complete=False, between=len(curve.nodes) >= 5)
                self._tell()

            return read_curve(cached_curve(scorer, spec, grown, should_stop=stop), complete=True)

        whole: Reading | None = self._ask("curve", key, draw)
        return whole or self._readings.get(key)

    def layers(self, spec: MergeSpec) -> pd.DataFrame | None:
        """How far each layer moves (`anatomy.layer_table`) at `spec`; None while it is being measured."""

        def measure(scorer: MergeScorer, stop: Callable[[], bool]) -> pd.DataFrame:
            whole = spec.replace(method=MergeMethod.TASK_ARITHMETIC, scaling=1.0)
            with scorer.model(spec.replace(scaling=0.0)) as model:
                base = {name: values.detach().clone() for name, values in model.named_parameters()}
            lengths = [squares(base)]
            for asked in (whole, spec.replace(scaling=1.0)):
                raise_if_stopped(stop)
                with scorer.model(asked) as model:
                    lengths.append(squares(base, dict(model.named_parameters())))
            return layer_table(*lengths)

        table: pd.DataFrame | None = self._ask("layers", shape(spec), measure)
        return table if table is None else table.assign(kept=table["kept"] * spec.scaling)

    def answer(self, spec: MergeSpec, text: str) -> dict[str, float]:
        """What the probe on this merge thinks of one sentence: label → probability. Waits for it."""
        scorer = self._opening.result()
        key = ("answer", spec, text)
        if key not in self._done:
            row = scorer.answer(spec, [text]).iloc[0]
            self._keep(key, {label: float(row[f"p_{label}"]) for label in scorer.labels})
        found: dict[str, float] = self._done[key].result()
        return found

    @property
    def busy(self) -> bool:
        """Whether anything that was asked for last is still under way."""
        asked = [(kind, keys[-1]) for kind, keys in self._wanted.items()]
        return not self._opening.done() or any(k not in self._done or not self._done[k].done() for k in asked)

    def _ask(self, kind: str, key: Hashable, work: Callable[[MergeScorer, Callable[[], bool]], Any]) -> Any:
        """The result for (kind, key) if it is there; otherwise see to it that it will be, and return None."""
        scorer = self.scorer
        if scorer is None:
            return None
        with self._lock:
            wanted = self._wanted.setdefault(kind, deque(maxlen=SIDE_BY_SIDE))
            if key in wanted:
                wanted.remove(key)
            wanted.append(key)
            future = self._done.get((kind, key))
            if future is None or (future.done() and isinstance(future.exception(), Cancelled)):

                def stop() -> bool:
                    return self._closed or key not in wanted

                future = self._done[(kind, key)] = in_background(lambda: work(scorer, stop))
                future.add_done_callback(self._tell)
                self._forget()
            self._done.move_to_end((kind, key))
        return future.result() if future.done() else None

    def _keep(self, key: Hashable, value: object) -> None:
        future: Future[Any] = Future()
        future.set_result(value)
        with self._lock:
            self._done[key] = future
            self._forget()

    def _forget(self) -> None:
        while len(self._done) > KEPT:
            self._done.popitem(last=False)

    def _report(self, done: int, total: int, what: str) -> None:
        self.progress = (done, total, what)

    def _tell(self, *_: object) -> None:
        self.version += 1


def shape(spec: MergeSpec) -> Hashable:
    """All of a merge but λ."""
    return spec.replace(scaling=0.0)


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
