"""`codemix-lab runs` and `sweep`: what is listed, shown, taken out and, only when told to, deleted."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import RunSpec
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.regime_runs import RegimeRuns
from codemix_lab.experiments.sweep_table import sweep_table

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ids(workspace: Path) -> list[str]:
    runs = RegimeRuns()
    specs = [RunSpec("ngrams", "en-hi", train_size=30, seed=seed) for seed in range(3)]
    return [runs.run(spec).id for spec in specs]


def last(out: str) -> dict[str, Any]:
    return dict(json.loads(out.splitlines()[-1]))


def test_runs_are_listed_shown_and_compared(run: Run, ids: list[str]) -> None:
    code, out, _ = run("runs", "list", "--json")
    told = last(out)
    assert code == 0 and told["runs"] == 3 and told["bytes"] > 0 and told["damaged"] == 0
    assert {row["id"] for row in told["table"]} == set(ids)
    assert last(run("runs", "list", "--task", "nobody", "--json")[1])["runs"] == 0
    code, out, _ = run("runs", "show", ids[0][:10])
    assert code == 0 and "regime: ngrams" in out and "macro-F1" in out
    found = last(run("runs", "compare", ids[0], ids[1], "--json")[1])
    assert found["difference"] == pytest.approx(found["b"] - found["a"]) and found["low"] <= found["high"]
    assert run("runs", "show", "ffff")[0] == 1


def test_nothing_is_pruned_silently(run: Run, ids: list[str]) -> None:
    code, _, err = run("runs", "prune", "--yes")
    assert code == 2 and "Give a rule" in err
    told = last(run("runs", "prune", "--kind", "regime", "--json")[1])
    assert told["runs"] == 3 and "nothing was deleted" in told["done"]
    assert last(run("runs", "prune", "--older-than", "1", "--yes", "--json")[1])["runs"] == 0
    assert last(run("runs", "list", "--json")[1])["runs"] == 3
    assert last(run("runs", "prune", "--start", "n-grams", "--yes", "--json")[1])["done"] == "deleted"
    assert last(run("runs", "list", "--json")[1])["runs"] == 0


def test_runs_are_exported(run: Run, ids: list[str], tmp_path: Path) -> None:
    assert run("runs", "export", "--out", tmp_path / "runs.csv")[0] == 0
    assert len(pd.read_csv(tmp_path / "runs.csv")) == 3
    assert run("runs", "export", "--out", tmp_path / "runs.csv")[0] == 1
    code, out, _ = run("runs", "export", "--format", "latex")
    assert code == 0 and r"\begin{tabular}{lr}" in out and "(3)" in out and r"$\pm$" in out
    code, _, err = run("runs", "export")
    assert code == 2 and "--out" in err


def test_mlflow_gets_every_run_once(run: Run, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    code, _, err = run("runs", "export", "--format", "mlflow")
    assert code == 2 and "not installed" in err
    fake, tags, logged = types.ModuleType("mlflow"), [], {}

    class Active:
        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    there = {"set_experiment": lambda name: None, "start_run": lambda run_name: Active()}
    there["search_runs"] = lambda filter_string: [tag for tag in tags if tag in filter_string]
    there["set_tag"] = lambda name, value: tags.append(value)
    there["log_params"] = logged.update
    there["log_metric"] = logged.__setitem__
    fake.__dict__.update(there)
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    assert last(run("runs", "export", "--format", "mlflow", "--json")[1])["logged"] == 3
    assert last(run("runs", "export", "--format", "mlflow", "--json")[1])["logged"] == 0
    assert sorted(tags) == sorted(ids) and logged["task.source"] == "en-hi" and "test_macro_f1" in logged
    tags.clear()

    def refuse(*_: object) -> None:
        raise RuntimeError("API request to http://127.0.0.1:5000 failed\nwith a long story")

    monkeypatch.setattr(fake, "log_params", refuse)
    code, _, err = run("runs", "export", "--format", "mlflow")
    assert code == 1 and "5000 failed. 0 were logged" in err and "long story" not in err and not tags


SWEEP = """
run: {task: en-hi, adapted: starter:en-hi, train_size: 20}
over:
  regime: [full, task-arithmetic]
  scaling: [0.3, 0.6]
  seed: [0, 1]
"""


def test_a_sweep_does_every_run_once() -> None:
    sweep = SweepSpec.from_yaml(SWEEP)
    assert len(sweep.runs) == 6 and sweep.over == ("regime", "scaling", "seed")
    assert [(r.regime, r.scaling, r.seed) for r in sweep.runs][2:4] == [
        ("task-arithmetic", 0.3, 0),
        ("task-arithmetic", 0.3, 1),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run: {task: x}\nover: {sed: [1]}", "did you mean “seed”"),
        ("run: {task: x, seed: 1}\nover: {seed: [1]}", "stands in run and in over"),
        ("run: {task: x, regime: full}\nover: {seed: 3}", "wants a list"),
        ("run: {task: x}\nover: {regime: [full, ties]}", r"needs the field adapted.*regime = ties"),
        ("runs: {}", "no part “runs”"),
        ("- 1", "the parts run and over"),
        ("run: [", "not valid YAML"),
        (
            "run: {task: x, regime: full}\nover: {seed: ["
            + ", ".join(map(str, range(200)))
            + "], epochs: ["
            + ", ".join(map(str, range(1, 102)))
            + "]}",
            "are the most",
        ),
    ],
)
def test_a_sweep_that_cannot_be_meant_is_said(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        SweepSpec.from_yaml(text)


def test_steps_of_pre_training_are_an_axis_of_a_sweep(tiny_encoder: Path, tiny_way: Path) -> None:
    shared = {"task": "en-hi", "base": str(tiny_encoder), "train_size": 20, "score_size": 20}
    steps = [f"{tiny_way}@2", f"{tiny_way}@4"]
    sweep = SweepSpec.of(shared, {"regime": ["probe", "ngrams"], "adapted": steps})
    assert [run.adapted for run in sweep.runs] == [(steps[0],), (steps[1],), ()]
    plan = Plan(sweep.runs)
    for spec in sweep.runs:
        plan.runs.run(spec)
    table = sweep_table(sweep, plan)
    assert table["adapted"].tolist()[:2] == steps and table["dev"].notna().all()
    first, second = (plan.runs.find(spec).predictions("dev") for spec in sweep.runs[:2])  # type: ignore[union-attr]
    assert not first.equals(second)


def test_a_sweep_is_told_before_it_runs_and_read_after(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text("run: {task: en-hi, regime: ngrams}\nover: {train_size: [20, 30], seed: [0, 1]}")
    told = last(run("sweep", path, "--dry-run", "--json")[1])
    assert told["runs"] == 4 and told["done"] == 0
    sweep = SweepSpec.from_yaml(path.read_text())
    plan = Plan(sweep.runs)
    for spec in sweep.runs[:3]:
        plan.runs.run(spec)
    table = sweep_table(sweep, plan)
    assert table["train_size"].tolist() == [20, 20, 30, 30] and table["test"].notna().sum() == 3
    assert table["note"].tolist() == ["", "", "", "not finished"]
    plan.runs.run(sweep.runs[3])
    code, out, _ = run("sweep", path, "--out", tmp_path / "table.csv", "--json")
    assert code == 0 and last(out)["done"] == 4 and len(pd.read_csv(tmp_path / "table.csv")) == 4
    assert run("sweep", tmp_path / "none.yaml")[0] == 2
