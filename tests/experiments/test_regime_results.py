"""A sweep over regimes read from the store: tables by train size, learning curves, words, history."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import Regime
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.regime_choice import lacking, regimes_sweep
from codemix_lab.experiments.regime_results import FULL, RegimeResults, failures, results_of
from codemix_lab.experiments.regimes_table import Comparison
from codemix_lab.experiments.regimes_told import readable_table, verdict, whole_table
from codemix_lab.experiments.run_history import run_history
from codemix_lab.experiments.store import RunStore


@pytest.fixture
def sweep(base: str, adapted: str, task_file: Path) -> SweepSpec:
    fields = {"adapted": (adapted,), "epochs": 1, "scalings": (0.5, 1.0), "shots": 2}
    made = regimes_sweep(str(task_file), base, ["cpt-ft", "probe"], [6, 9], [0, 1], fields)
    return SweepSpec.of(made["run"], made["over"])


def test_results_grow_with_the_store_and_are_tables_by_size(
    sweep: SweepSpec, here: Callable[..., Any]
) -> None:
    plan = Plan(sweep.runs)
    assert results_of(sweep, plan).runs == {}
    plan.runs.run(next(spec for spec in sweep.runs if spec.regime == "ngrams"))
    first = results_of(sweep, plan)
    assert first.sizes("test") == [6]
    assert first.compared(6, "test").reference == "Character n-grams"
    here().run(plan)
    found = results_of(sweep, plan)
    assert found.splits == ["dev", "test"] and found.sizes("test") == [6, 9]
    assert list(found.runs[9]) == ["Character n-grams", FULL, "CPT → FT", "Frozen probe"]
    table = found.compared(9, "test")
    assert table.reference == FULL and table.corrected == 3 and (table.scores["n"] == 2).all()
    curve = found.learning("dev")
    assert len(curve) == 8 and curve["train_size"].tolist() == [6] * 4 + [9] * 4
    run = found.runs[9]["Frozen probe"][0]
    assert run.provenance["chosen on dev"]["scaling"] in (0.5, 1.0)
    assert failures(plan).empty
    history = run_history(RunStore())
    assert len(history) == len(plan.specs) == 24
    chosen = history[history["id"] == run.id].iloc[0]
    assert (
        chosen["regime"] == "Frozen probe" and chosen["scaling"] == run.provenance["chosen on dev"]["scaling"]
    )
    assert pd.isna(history[history["regime"] == "Character n-grams"]["epochs"]).all()
    assert len(run_history(RunStore(), most=5)) == 5


def test_a_regime_that_reads_no_train_size_stands_in_every_table(sweep: SweepSpec, base: str) -> None:
    made = SweepSpec.of({"task": "en-hi", "base": base}, {"train_size": [6, 9], "regime": ["full", "prompt"]})
    plan = Plan(made.runs)
    run: Any = object()
    plan.is_done = lambda spec: True  # type: ignore[method-assign]
    plan.runs.find = lambda spec: run  # type: ignore[method-assign]
    assert {size: list(rows) for size, rows in results_of(made, plan).runs.items()} == {
        6: [FULL, "Prompting"],
        9: [FULL, "Prompting"],
    }


def comparison(difference: float, p: float, n: int = 5) -> Comparison:
    nan = math.nan
    scores = pd.DataFrame(
        [
            {"name": FULL, "n": n, "mean": 0.5, "low": 0.48, "high": 0.52, "sd": 0.01},
            {"name": "TIES → FT", "n": n, "mean": 0.5 + difference, "low": nan, "high": nan, "sd": nan},
        ]
    )
    row = {"name": "TIES → FT", "n": n, "difference": difference, "low": -0.01, "high": 0.05, "p_holm": p}
    return Comparison(FULL, "test", scores, pd.DataFrame([{**row, "seeds for 2": 34.0}]), 1)


def test_the_table_for_readers_by_hand() -> None:
    table = readable_table(comparison(0.02, 0.0302))
    assert table.iloc[0].tolist() == [FULL, "5", "0.500 (0.480 to 0.520)", "0.010", "–", "–", "–"]
    assert table.iloc[1].tolist() == ["TIES → FT", "5", "0.520", "–", "+2.0 (-1.0 to +5.0)", "0.030", "34"]
    assert readable_table(comparison(0.02, 0.0001)).iloc[1]["p (Holm)"] == "< .001"
    assert whole_table(comparison(0.02, 0.03))["difference"].tolist()[1] == 0.02


@pytest.mark.parametrize(
    ("difference", "p", "n", "said"),
    [
        (0.02, 0.03, 5, "Beyond chance after correction, in points: TIES → FT +2.0."),
        (
            -0.02,
            0.3,
            5,
            "at -2.0 points; no difference is beyond what seeds do by chance. A difference of 2 points needs about 34",
        ),
        (0.02, math.nan, 1, "one seed does not tell"),
    ],
)
def test_the_verdict_claims_no_more_than_the_seeds_allow(
    difference: float, p: float, n: int, said: str
) -> None:
    assert said in verdict(comparison(difference, p, n))


def test_the_reference_alone_is_told_alone() -> None:
    alone = comparison(0.02, 0.03)
    told = Comparison(FULL, "test", alone.scores.head(1), pd.DataFrame(), 0)
    assert verdict(told) == "Full fine-tuning reaches 0.500 on test."
    assert len(readable_table(told)) == 1 and len(whole_table(told)) == 1
    assert RegimeResults({}).splits == []


def test_a_sweep_leaves_out_what_nobody_reads() -> None:
    made = regimes_sweep(
        "t", "b", ["cpt-ft"], [50], [0], {"adapted": ("a",), "scalings": (0.3, 1.0), "shots": 4}
    )
    assert made["run"] == {"task": "t", "base": "b", "adapted": ["a"]}
    open_choice = regimes_sweep("t", "b", ["ties"], [50], [0], {"adapted": ("a",), "scalings": (0.3, 1.0)})
    assert open_choice["run"]["scalings"] == [0.3, 1.0] and "scaling" not in open_choice["run"]


def test_what_a_regime_lacks_by_its_declaration() -> None:
    assert "an English task" in str(lacking(Regime.MULTI_SOURCE, {"adapted": ("a",)}))
    given = {"english": "en"}
    assert lacking(Regime.JOINT, given, [("a", "b"), ("B", "A")]) is None
    assert "labels" in str(lacking(Regime.JOINT, given, [("a", "b"), ("a", "c")]))
    assert lacking(Regime.SEQUENTIAL, given, [("a", "b"), ("a", "c")]) is None
