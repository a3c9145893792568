"""The fine-tuned curve: real at its nodes, weights between them, its error told by fine-tunes it did not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from codemix_lab.config import RunSpec, TaskSpec, TunedCurveSpec
from codemix_lab.errors import Cancelled, SpecError
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.tuned_curve import Between, TunedCurve, tuned_curve
from codemix_lab.models.loading import load_classifier


@pytest.fixture
def spec(base: str, adapted: str, task_file: Path) -> TunedCurveSpec:
    run = RunSpec(
        "task-arithmetic",
        TaskSpec(str(task_file)),
        base,
        (adapted,),
        train_size=9,
        epochs=1,
        learning_rate=1e-3,
    )
    return TunedCurveSpec(run, (0.0, 0.5, 1.0), (0.25,), (0.0, 0.75))


def weights_of(run: Any) -> dict[str, torch.Tensor]:
    """Without the pooler, which no classifier of the lab reads and loading makes up."""
    state = load_classifier(run.model).state_dict()
    return {name: tensor for name, tensor in state.items() if "pooler" not in name}


def between_nodes(spec: TunedCurveSpec) -> tuple[Between, dict[float, Any]]:
    plan = Plan([spec.at(x, 0) for x in spec.nodes])
    runs = {x: plan.runs.find(spec.at(x, 0)) for x in spec.nodes}
    return Between(plan, [(x, spec.at(x, 0), runs[x]) for x in spec.nodes]), runs  # type: ignore[misc]


def test_the_curve_is_the_fine_tune_at_every_node_and_its_error_is_measured(
    spec: TunedCurveSpec, here: Callable[..., Any]
) -> None:
    told: list[Any] = []
    found = tuned_curve(spec, here(), on_row=told.append)
    assert found.points["scaling"].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0] and len(told) == 5
    assert found.points["fine_tuned"].tolist() == [True, False, True, False, True]
    between, runs = between_nodes(spec)
    scores = found.points.set_index("scaling")["macro_f1"]
    for x, run in runs.items():
        assert scores[x] == run.metrics["dev"].macro_f1
        weights, real = between.weights(x), weights_of(run)
        assert all(torch.equal(weights[name], real[name]) for name in real)
        between._runs = {}
        asked = between.answers(x)
        stored = run.predictions("dev")
        columns = [name for name in stored if name.startswith("p_")]
        assert np.allclose(asked[columns], stored[columns], atol=1e-6)
        assert asked["predicted"].tolist() == stored["predicted"].tolist()
    (check,) = found.checks.to_dict("records")
    assert check["predicted"] == scores[0.25]
    assert check["difference"] == pytest.approx(check["predicted"] - check["fine_tuned"])
    assert 0 <= check["agreement"] <= 1 and "At 1 checked λ" in found.error


def test_weights_between_nodes_are_the_polynomial_through_them(
    spec: TunedCurveSpec, here: Callable[..., Any]
) -> None:
    tuned_curve(spec, here())
    between, runs = between_nodes(spec)
    states = [weights_of(run) for run in runs.values()]
    weights = between.weights(0.25)
    for name, first in states[0].items():
        if first.is_floating_point():
            by_hand = sum(w * s[name] for w, s in zip((0.375, 0.75, -0.125), states, strict=True))
            assert torch.allclose(weights[name], by_hand, atol=1e-6)


def test_a_second_call_fine_tunes_nothing_and_no_check_says_so(
    spec: TunedCurveSpec, here: Callable[..., Any]
) -> None:
    first: TunedCurve = tuned_curve(spec, here())
    assert Plan([spec.at(x, 0) for x in (*spec.nodes, *spec.checks)]).left() == []
    again = tuned_curve(spec.replace(checks=()), here())
    assert "Not checked" in again.error
    shared = first.points.merge(again.points, on="scaling")
    assert shared["macro_f1_x"].tolist() == shared["macro_f1_y"].tolist()
    with pytest.raises(Cancelled):
        tuned_curve(spec, here(), should_stop=lambda: True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nodes": (0.5,)}, "at least two"),
        ({"checks": (1.2,)}, "nothing is extrapolated"),
        ({"checks": (0.5,)}, "is a node"),
        ({"nodes": (0.0, 3.0)}, "out of range"),
    ],
)
def test_what_cannot_be_meant_is_said(changes: dict[str, Any], said: str, spec: TunedCurveSpec) -> None:
    with pytest.raises(SpecError, match=said):
        spec.replace(**changes)
    with pytest.raises(SpecError, match="no λ"):
        spec.replace(run=spec.run.replace(regime="full"))
