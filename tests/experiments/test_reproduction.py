"""A preset from plan to report: what is planned, what is left out, what is said, and how it goes on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from codemix_lab.config import ReproduceSpec, RunSpec
from codemix_lab.errors import Cancelled, SpecError, StorageError
from codemix_lab.experiments.engines import Engine, State
from codemix_lab.experiments.engines.work import work_on
from codemix_lab.experiments.regimes_table import compare_regimes
from codemix_lab.experiments.reproduction import Reproduction, reproduce
from codemix_lab.experiments.reproduction.estimate import estimate
from codemix_lab.experiments.reproduction.report import frames, write_report
from codemix_lab.experiments.reproduction.rows import rows_of


@pytest.fixture
def spec(base: str, adapted: str, task_file: Path) -> ReproduceSpec:
    return ReproduceSpec(
        "main-table",
        str(task_file),
        base,
        adapted,
        english=str(task_file),
        seeds=2,
        train_sizes=(9,),
        epochs=1,
        learning_rate=1e-2,
        scalings=(0.3, 0.9),
        english_size=9,
        english_epochs=1,
    )


def test_the_main_table_goes_from_plan_to_report(
    here: Callable[[], Engine], spec: ReproduceSpec, tmp_path: Path
) -> None:
    before = estimate(Reproduction(spec).plan, workers=1)
    assert before.runs == 37 and before.done == 0 and not before.measured
    made = reproduce(spec, here())
    assert made.state == State(37, 37, {})
    after = estimate(made.plan)
    assert after.done == 37 and after.seconds == 0 and after.measured
    folder = write_report(made, tmp_path / "report")
    text, page = ((folder / f"report.{ending}").read_text() for ending in ("md", "html"))
    for said in (
        "## Macro-F1: en-hi, 9 train sentences, test",
        "FT, then + λ·τ",
        "p Holm",
        "Chosen on dev",
        "The paper",
    ):
        assert said in text
    assert "<svg" in page and "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert ReproduceSpec.from_yaml((folder / "spec.yaml").read_text()) == spec
    scores = frames(made)["scores"]
    assert len(scores) == 10 and (scores["n"] == 2).all()
    with pytest.raises(StorageError, match="never overwritten"):
        write_report(made, tmp_path / "report")


def test_a_second_call_runs_nothing_and_more_seeds_only_the_new_ones(
    here: Callable[[], Engine], spec: ReproduceSpec
) -> None:
    quick = spec.replace(regimes=("ngrams", "full"), scalings=(0.5,))
    reproduce(quick, here())
    assert Reproduction(quick).plan.left() == []
    more = Reproduction(quick.replace(seeds=3)).plan.left()
    assert {run.seed for run in more} == {2}
    with pytest.raises(Cancelled):
        reproduce(quick.replace(seeds=3), here(), should_stop=lambda: True)


def test_what_is_missing_is_left_out_and_said(
    spec: ReproduceSpec, write_task: Callable[..., Path], tmp_path: Path
) -> None:
    hate = write_task(tmp_path / "hate.tsv", labels=("hate", "none"))
    made = Reproduction(spec.replace(tasks=(str(hate),), adapted=()))
    work_on(made.plan, lambda: False)
    (table,) = made.tables()
    assert table.left_out["Joint FT"] == "the English task has other labels"
    assert "needs adapted" in table.left_out["TIES → FT"]
    assert set(table.runs) == {"Full fine-tuning", "Sequential FT", "Frozen probe", "Character n-grams"}


def test_failed_runs_are_in_the_report(spec: ReproduceSpec, tmp_path: Path) -> None:
    made = Reproduction(spec.replace(regimes=("full", "ngrams"), seeds=1))
    made.plan.write()
    made.plan.fail(next(s for s in made.plan.specs if s.regime == "full"), "no memory")
    work_on(made.plan, lambda: False)
    text = (write_report(made, tmp_path / "report") / "report.md").read_text()
    assert "## Failed runs" in text and "no memory" in text


def test_other_presets_have_their_rows(spec: ReproduceSpec, base: str) -> None:
    grid = rows_of(spec.replace(preset="lambda-grid"), spec.tasks[0]).specs
    assert list(grid)[2:] == [
        "Task Arithmetic λ 0.3",
        "TIES 0.3 λ 0.3",
        "Task Arithmetic λ 0.9",
        "TIES 0.3 λ 0.9",
    ]
    for preset in ("corpus-ablation", "cpt-duration"):
        two = spec.replace(preset=preset, adapted=(*spec.adapted, base))
        rows = rows_of(two, spec.tasks[0])
        assert len(rows.specs) == 6
        runs = rows.runs(two, spec.tasks[0], 9).values()
        assert {run.adapted for run in runs} == {(), *((ref,) for ref in two.adapted)}


def test_a_causal_model_is_prompted_beside_the_table(spec: ReproduceSpec, tiny_decoder: Path) -> None:
    asked = spec.replace(regimes=("full",), seeds=2, causal=str(tiny_decoder), shots=3)
    made = Reproduction(asked)
    assert [s.regime for s in made.plan.specs].count("prompt") == 3
    made.plan.write()
    work_on(made.plan, lambda: False)
    (table,) = made.tables()
    zero, few = table.runs["Prompting, zero-shot"], table.runs["Prompting, 3 shots"]
    assert zero[0] == zero[1] and few[0] != few[1]


def test_transfer_has_a_table_for_every_target(
    spec: ReproduceSpec, write_task: Callable[..., Path], tmp_path: Path
) -> None:
    target = write_task(tmp_path / "en-ta.tsv", labels=("Negative", "Positive", "mixed"))
    english = str(write_task(tmp_path / "en.tsv"))
    one = spec.replace(preset="transfer", targets=(str(target),), english=english, seeds=1, scalings=(0.5,))
    made = Reproduction(one)
    made.plan.write()
    work_on(made.plan, lambda: False)
    (table,) = made.tables()
    assert table.split == "test of en-ta" and "Full fine-tuning on English" in table.runs
    assert table.against_full.scores["n"].eq(1).all()


def test_differences_are_paired_by_seed_and_holm_counts_them(spec: ReproduceSpec) -> None:
    made = Reproduction(spec.replace(regimes=("full", "ngrams", "probe"), seeds=3))
    made.plan.write()
    work_on(made.plan, lambda: False)
    (table,) = made.tables()
    runs = {name: dict(seeds) for name, seeds in table.runs.items()}
    del runs["Character n-grams"][1]
    found = compare_regimes(runs, "Full fine-tuning")
    row = found.differences.set_index("name").loc["Character n-grams"]
    pairs = [
        runs["Character n-grams"][s].metrics["test"].macro_f1
        - runs["Full fine-tuning"][s].metrics["test"].macro_f1
        for s in (0, 2)
    ]
    assert row["n"] == 2 and row["difference"] == pytest.approx(sum(pairs) / 2)
    assert found.corrected == 2
    smallest = found.differences["p_t"].min()
    assert found.differences["p_holm"].min() == pytest.approx(min(1.0, 2 * smallest))
    with pytest.raises(SpecError, match="has no run"):
        compare_regimes(runs, "nobody")


def test_one_seed_tells_no_difference(spec: ReproduceSpec) -> None:
    made = Reproduction(spec.replace(regimes=("full", "ngrams"), seeds=1))
    made.plan.write()
    work_on(made.plan, lambda: False)
    (table,) = made.tables()
    row = table.against_full.differences.iloc[0]
    assert math.isnan(row["p_holm"]) and row["seeds for 2"] is None and table.against_full.corrected == 0


def test_the_command_line_plans_without_running(
    run: Callable[..., tuple[int, str, str]], spec: ReproduceSpec, tmp_path: Path
) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(spec.to_yaml())
    code, out, _ = run("reproduce", "--spec", path, "--dry-run", "--json")
    told = json.loads(out.splitlines()[-1])
    assert code == 0 and told["runs"] == 37 and told["done"] == 0
    code, _, err = run("reproduce", "main-table", "--dry-run")
    assert code == 2 and "tasks names no task" in err
    code, out, _ = run("regimes", "--json")
    assert {row["regime"] for row in json.loads(out)["table"]} >= {"ties", "prompt"}


def test_a_run_of_the_store_knows_its_row(spec: ReproduceSpec) -> None:
    made = Reproduction(spec.replace(regimes=("ngrams",), seeds=1))
    made.plan.write()
    work_on(made.plan, lambda: False)
    listed = made.plan.store.list()
    assert set(listed["kind"]) == {"regime"} and "Character n-grams" in set(listed["start"])
    assert isinstance(made.plan.specs[0], RunSpec)
