"""A run's spec: what a regime does not read is no part of it, what it needs is asked for."""

from __future__ import annotations

import importlib

import pytest

from codemix_lab.config import Preset, Regime, ReproduceSpec, RunSpec, TaskSpec
from codemix_lab.errors import SpecError


def test_what_a_regime_does_not_read_changes_nothing() -> None:
    full = RunSpec("full", "en-hi")
    assert RunSpec("full", "en-hi", adapted="x", scaling=1.0, scalings=(0.1,), english="en-es") == full
    assert RunSpec("ngrams", "en-hi", base="x", epochs=1) == RunSpec("ngrams", "en-hi")
    assert RunSpec("task-arithmetic", "en-hi", adapted="x", density=0.9) == RunSpec(
        "task-arithmetic", "en-hi", adapted="x"
    )
    assert RunSpec("prompt", "en-hi", seed=7) == RunSpec("prompt", "en-hi")
    assert RunSpec("prompt", "en-hi", seed=7, shots=2).seed == 7
    assert full.replace(seed=1).digest() != full.digest() != full.replace(lora=True).digest()
    assert full.replace(rank=4) == full


@pytest.mark.parametrize("regime", Regime)
def test_every_regime_has_a_recipe_and_reads_fields_that_exist(regime: Regime) -> None:
    assert set(regime.needs) <= set(regime.reads) <= set(RunSpec.parameters())
    module = importlib.import_module(f"codemix_lab.experiments.regimes.{regime.replace('-', '_')}")
    assert callable(module.recipe) and regime.label and regime.help.endswith(".")
    spec = RunSpec(regime, "en-hi", adapted="x", english="en")
    assert RunSpec.from_yaml(spec.to_yaml()) == spec


def test_candidates_are_dev_only_runs_and_come_first() -> None:
    spec = RunSpec("ties", "en-hi", adapted="x", scalings=(0.3, 1), densities=(0.2, 0.5), targets="en-es")
    assert [(c.scaling, c.density) for c in spec.candidates] == [(0.3, 0.2), (0.3, 0.5), (1, 0.2), (1, 0.5)]
    assert all(c.splits == ("dev",) and not c.targets and not c.candidates for c in spec.candidates)
    assert spec.prerequisites == spec.candidates
    assert spec.settled(0.3, 0.2) == RunSpec(
        "ties", "en-hi", adapted="x", scaling=0.3, density=0.2, targets="en-es"
    )


def test_the_english_stage_is_one_for_all_seeds_and_regimes() -> None:
    asked = {"task": "en-hi", "english": "en", "adapted": "x"}
    stages = {
        RunSpec(r, seed=s, **asked).english_stage for r in ("sequential", "multi-source") for s in (0, 5)
    }
    (stage,) = stages
    assert (
        stage is not None and stage.keep_model and stage.task == TaskSpec("en") and stage.train_size == 1000
    )
    assert RunSpec("joint", **asked).english_stage is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"regime": "ties"}, "needs the field adapted"),
        ({"regime": "joint"}, "needs the field english"),
        ({"regime": "tie"}, "choose one of full"),
        ({"regime": "full", "splits": ("tests",)}, "train, dev and test"),
        ({"regime": "prompt", "template": "{text}"}, "end in {label}"),
        ({"regime": "full", "train_size": 1}, "out of range"),
    ],
)
def test_what_cannot_be_meant_is_said(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        RunSpec(task="en-hi", **changes)


def test_an_unknown_field_names_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean “scalings”"):
        RunSpec.from_dict({"regime": "full", "task": "en-hi", "scallings": [1]})


def test_a_preset_asks_for_what_it_needs() -> None:
    spec = ReproduceSpec("main-table", "en-hi", english="en", adapted="x")
    assert spec.tasks == (TaskSpec("en-hi"),) and Preset.MAIN_TABLE.label == "Main table"
    assert ReproduceSpec.from_yaml(spec.to_yaml()) == spec
    assert spec.run(Regime.FULL, spec.tasks[0], 50, 3) == RunSpec(
        "full", "en-hi", train_size=50, seed=3, score_size=1000
    )
    for preset, said in (
        ("lambda-grid", "adapted"),
        ("transfer", "targets"),
        ("cpt-duration", "two or more"),
    ):
        with pytest.raises(SpecError, match=said):
            ReproduceSpec(preset, "en-hi", adapted=() if said == "adapted" else "x")
    with pytest.raises(SpecError, match="no task"):
        ReproduceSpec("main-table", ())
