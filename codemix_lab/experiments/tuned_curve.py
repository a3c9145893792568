"""F1 after fine-tuning as a function of λ, from a few fine-tunes: their weights are interpolated in λ.

Between nodes the weights, head included, are the polynomial in λ through the fine-tuned weights at the
nodes (barycentric, as `evaluation.chebyshev` has it for features); every node has the same sentences, order
and head. At a node the curve is the real fine-tune itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from codemix_lab.config import RunSpec, TunedCurveSpec
from codemix_lab.errors import CodeMixLabError, StorageError
from codemix_lab.evaluation.chebyshev import Interpolant
from codemix_lab.evaluation.metrics import score
from codemix_lab.evaluation.predict import prediction_frame
from codemix_lab.experiments.engines import Engine, Plan
from codemix_lab.experiments.parts import part
from codemix_lab.experiments.run import Run
from codemix_lab.experiments.store import RunStore
from codemix_lab.merging.interpolate import interpolate
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import load_classifier, load_tokenizer
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.training.finetune import Trained

_PARTS, _RUNS = 10, 8

OnRow = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, eq=False)
class TunedCurve:
    """What a `TunedCurveSpec` found, on dev.

    `points` has seed, scaling, macro_f1, low, high (over sentences) and fine_tuned: whether it was
    fine-tuned there or lies between. `checks` has seed, scaling, predicted, fine_tuned (macro-F1), difference
    and agreement: the share of sentences that both give the same label.
    """

    points: pd.DataFrame
    checks: pd.DataFrame

    @property
    def error(self) -> str:
        """How far the curve was off where it was checked, in a sentence."""
        if self.checks.empty:
            return "Not checked: give λ between the nodes to fine-tune as well."
        off = self.checks["difference"].abs()
        return (
            f"At {len(off)} checked λ the curve was off by {off.mean():.3f} in macro-F1 on average, {off.max():.3f} at "
            f"most; {100 * self.checks['agreement'].mean():.1f} % of the answers agree."
        )


def tuned_curve(
    spec: TunedCurveSpec,
    engine: Engine,
    store: RunStore | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_row: OnRow | None = None,
) -> TunedCurve:
    """Fine-tune at nodes and checks, or find it done; then predict every λ between and state the error.

    Weights of the nodes are kept in the store, so that a curve that was stopped goes on. Points are told
    to `on_row` as they are known. Raises `CodeMixLabError` with the reason where a run fails, `Cancelled`,
    and what the engine raises.
    """
    asked = {(x, seed): spec.at(x, seed) for seed in range(spec.seeds) for x in (*spec.nodes, *spec.checks)}
    plan = Plan(list(asked.values()), store)
    state = engine.run(plan, part(on_progress, 0, _PARTS, "fine-tuning", _RUNS), should_stop)
    for message in state.failed.values():
        raise CodeMixLabError(message)
    points: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    scoring = part(on_progress, _RUNS, _PARTS, "between the nodes", _PARTS - _RUNS)
    for seed in range(spec.seeds):
        runs = {x: _found(plan, asked[x, seed]) for x in (*spec.nodes, *spec.checks)}
        between = Between(plan, [(x, asked[x, seed], runs[x]) for x in spec.nodes], should_stop)
        wanted = sorted({*spec.nodes, *spec.scalings, *spec.checks})
        for place, x in enumerate(wanted):
            raise_if_stopped(should_stop)
            real, frame = x in spec.nodes, between.answers(x)
            row = {"seed": seed, "scaling": x, **_scores(frame, between.labels), "fine_tuned": real}
            points.append(row)
            if on_row is not None:
                on_row(row)
            if x in spec.checks:
                checks.append({"seed": seed, "scaling": x, **_check(frame, runs[x], between.labels)})
            report(scoring, seed * len(wanted) + place + 1, spec.seeds * len(wanted), f"λ {x:g}, seed {seed}")
    columns = ["seed", "scaling", "predicted", "fine_tuned", "difference", "agreement"]
    return TunedCurve(pd.DataFrame(points), pd.DataFrame(checks, columns=columns))


class Between:
    """Answers on dev at any λ between the nodes of one seed, at a node those of the fine-tune itself."""

    def __init__(
        self, plan: Plan, nodes: list[tuple[float, RunSpec, Run]], should_stop: ShouldStop | None = None
    ) -> None:
        self._bench = plan.runs.bench
        self._bench.on_progress, self._bench.should_stop = None, should_stop
        self._spec = nodes[0][1]
        self._runs = {x: run for x, _, run in nodes}
        self._grid = Interpolant([x for x, _, _ in nodes], np.zeros(len(nodes)))
        models = [load_classifier(_weights(run)) for _, _, run in nodes]
        self._states = [model.state_dict() for model in models[1:]]
        self._states.insert(0, {name: tensor.clone() for name, tensor in models[0].state_dict().items()})
        tokenizer = load_tokenizer(open_checkpoint(str(_weights(nodes[0][2]))))
        self._trained = Trained(models[0], tokenizer, [], 0.0, 0)
        self._rows = self._bench.scored(self._spec)["dev"]
        self.labels = self._bench.task(self._spec.task).labels

    def weights(self, scaling: float) -> dict[str, Any]:
        """The interpolated weights at λ; at a node exactly the fine-tuned ones."""
        return interpolate(self._states, self._grid.weights(scaling).tolist())

    def answers(self, scaling: float) -> pd.DataFrame:
        """The prediction frame of dev at λ."""
        if scaling in self._runs:
            return self._runs[scaling].predictions("dev")
        self._trained.model.load_state_dict(self.weights(scaling))
        outcome = self._bench.outcome(self._spec, self._trained)
        return prediction_frame(self._rows, outcome.predict(list(self._rows["text"])), self.labels)


def _found(plan: Plan, spec: RunSpec) -> Run:
    run = plan.runs.find(spec)
    if run is None:
        raise StorageError("A fine-tune of the curve is gone from the store: start the curve again.")
    return run


def _weights(run: Run) -> Path:
    if run.model is None:
        raise StorageError(f"The run {run.id} has lost its weights: remove it and start the curve again.")
    return run.model


def _scores(frame: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, float]:
    found = score(frame["gold"].tolist(), frame["predicted"].tolist(), labels)
    return {"macro_f1": found.macro_f1, "low": found.interval[0], "high": found.interval[1]}


def _check(frame: pd.DataFrame, run: Run, labels: tuple[str, ...]) -> dict[str, float]:
    real = run.predictions("dev")
    predicted, true = (_scores(one, labels)["macro_f1"] for one in (frame, real))
    agreement = float((frame["predicted"].to_numpy() == real["predicted"].to_numpy()).mean())
    return {
        "predicted": predicted,
        "fine_tuned": true,
        "difference": predicted - true,
        "agreement": agreement,
    }
