"""Regimes from the command line: the same numbers as a sweep and as Python, advice that runs, a fine-tuned curve."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from codemix_lab.config import RunSpec, TunedCurveSpec
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments.copyable import copyable
from codemix_lab.experiments.engines import Plan, State, local
from codemix_lab.experiments.engines.work import work_on
from codemix_lab.experiments.regime_runs import RegimeRuns
from codemix_lab.job_kinds import KINDS, Quiet

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are done in this process."""

    def run(self: object, plan: Plan, on_progress: object, should_stop: Callable[[], bool]) -> State:
        plan.write()
        work_on(plan, should_stop)
        return plan.state()

    monkeypatch.setattr(local.LocalEngine, "run", run)


@pytest.fixture
def task(tmp_path: Path) -> str:
    rows = [
        {"split": split, "text": f"yeh film {word} thi {i}", "label": label}
        for label, word in (("good", "mast"), ("bad", "bakwas"))
        for i, split in enumerate(("train",) * 8 + ("dev",) * 4 + ("test",) * 4)
    ]
    path = tmp_path / "own file.en-hi.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


def last(out: str) -> dict[str, Any]:
    return dict(json.loads(out.splitlines()[-1]))


def by_job(kind: str, payload: dict[str, Any]) -> Any:
    return KINDS[kind](json.loads(json.dumps(payload)), Quiet(lambda *_: None, lambda: False))


def test_a_regime_under_two_seeds_is_in_the_store_with_the_same_numbers(
    tiny_encoder: Path, tiny_adapted: Path, task: str, run: Run, tmp_path: Path
) -> None:
    asked = [
        "finetune",
        "--regime",
        "ties",
        "--task",
        task,
        "--base",
        tiny_encoder,
        "--adapted",
        tiny_adapted,
    ]
    asked += ["--train-size", 8, "--epochs", 1, "--scalings", "0.5,1", "--density", 0.4, "--seeds", "0,1"]
    code, out, err = run(*asked, "--out", tmp_path / "told", "--json")
    assert code == 0, err
    table = last(out)["table"]
    spec = RunSpec(
        "ties",
        task,
        str(tiny_encoder),
        (str(tiny_adapted),),
        train_size=8,
        epochs=1,
        scalings=(0.5, 1.0),
        density=0.4,
    )
    runs = {seed: RegimeRuns().find(spec.replace(seed=seed)) for seed in (0, 1)}
    for row in table:
        found = runs[row["seed"]]
        assert found is not None and row["run"] == found.id
        assert row["macro_f1"] == pytest.approx(found.metrics[row["split"]].macro_f1)
    assert {(row["seed"], row["split"]) for row in table} == {(s, p) for s in (0, 1) for p in ("dev", "test")}
    assert [row["seeds"] for row in last(out)["summary"]] == [2, 2]
    assert len(pd.read_csv(tmp_path / "told" / "results.csv")) == 4
    assert run(*asked, "--out", tmp_path / "told")[0] == 1
    code, out, _ = run(*asked)
    assert code == 0 and "TIES → FT, λ on dev, density 0.4" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--task", "en-hi"], "either --model"),
        (["--task", "en-hi", "--model", "x", "--regime", "full"], "either --model"),
        (
            ["--task", "en-hi", "--model", "x", "--scaling", "1", "--out", "y"],
            "--scaling belongs to a regime",
        ),
        (["--task", "en-hi", "--model", "x"], "--model wants --out"),
        (["--task", "en-hi", "--regime", "ties"], "needs the field adapted"),
        (["--task", "en-hi", "--regime", "full", "--seeds", "0,0"], "each of them once"),
        (["--task", "en-hi", "--regime", "ties", "--adapted", "a", "--scalings", "9"], "out of range"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: list[str], said: str, run: Run) -> None:
    code, _, err = run("finetune", *arguments)
    assert code == 2 and said in err


def test_a_failed_run_says_why(tiny_encoder: Path, task: str, run: Run) -> None:
    code, _, err = run(
        "finetune", "--regime", "full", "--task", task, "--base", tiny_encoder, "--train-size", 8,
        "--epochs", 1, "--score-size", 10, "--learning-rate", 0.1, "--target", "/no/such.csv",
    )  # fmt: skip
    assert code == 1 and "/no/such.csv" in err


def test_a_sweep_copied_from_the_page_is_the_same_by_line_and_by_file(
    tiny_encoder: Path, tiny_adapted: Path, task: str, run: Run, tmp_path: Path
) -> None:
    payload = {
        "run": {
            "task": task,
            "base": str(tiny_encoder),
            "adapted": [str(tiny_adapted)],
            "epochs": 1,
            "scaling": 0.5,
        },
        "over": {"train_size": [6, 8], "seed": [0, 1], "regime": ["ngrams", "task-arithmetic"]},
    }
    assert by_job("sweep", payload) == {"runs": 8, "done": 8, "failed": []}
    copied = copyable("sweep", payload)
    assert copied.done_by == "sweep"
    assert SweepSpec.from_yaml(copied.yaml) == SweepSpec.of(payload["run"], payload["over"])
    lines = copied.command.splitlines()
    assert len(lines) == 4 and all(line.endswith("--seeds 0,1") for line in lines)
    before = set(Path(Plan([]).store.root).iterdir())
    for line in lines:
        assert run(*shlex.split(line)[1:])[0] == 0
    assert set(Path(Plan([]).store.root).iterdir()) == before
    (tmp_path / "this.yaml").write_text(copied.yaml)
    code, out, _ = run("sweep", tmp_path / "this.yaml", "--json")
    assert code == 0 and last(out)["runs"] == 8 and before == set(Path(Plan([]).store.root).iterdir())
    compile(copied.python, "copied", "exec")
    assert eval(
        copied.python[copied.python.index("SweepSpec.of(") : copied.python.index("plan =")],
        {"SweepSpec": SweepSpec},
    ).runs


def test_advice_is_a_sweep_with_its_reasons_as_comments(run: Run) -> None:
    asked = ["advise", "unlabelled", "--task", "en-hi", "--labelled", 100, "--adapted", "starter:en-hi"]
    code, out, _ = run(*asked)
    assert code == 0 and "# paper: Merges gain 2 to 5 F1" in out
    told = last(run(*asked, "--json")[1])
    assert yaml.safe_load(out) == told["sweep"]
    assert (
        SweepSpec.from_yaml(out).runs
        == SweepSpec.of(shared=told["sweep"]["run"], over=told["sweep"]["over"]).runs
    )
    assert run("advise", "nothing", "--task", "en-hi")[0] == 2


def test_a_fine_tuned_curve_by_command_job_and_copied_line(
    tiny_encoder: Path, tiny_adapted: Path, task: str, run: Run
) -> None:
    made = RunSpec("task-arithmetic", task, str(tiny_encoder), (str(tiny_adapted),), train_size=8, epochs=1)
    spec = TunedCurveSpec(made, (0.0, 1.0), (0.5,), (0.25,))
    found = by_job("tuned-curve", {"spec": spec.to_dict()})
    line = copyable("tuned-curve", {"spec": spec.to_dict()}).command
    code, out, err = run(*shlex.split(line)[1:], "--json")
    assert code == 0, err
    assert last(out)["checks"] == found["checks"]
    for told, point in zip(last(out)["table"], found["points"], strict=True):
        assert told == pytest.approx(point)
    assert "At 1 checked λ" in found["error"] and len(found["points"]) == 4
    code, _, err = run("tuned-curve", "--task", task, "--adapted", tiny_adapted, "--nodes", "0.5")
    assert code == 2 and "at least two" in err
