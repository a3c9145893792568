"""Transfer from spec to maps and report: what is planned, what is told as it grows, and what the table says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import TaskSpec, TransferSpec
from codemix_lab.errors import DataError
from codemix_lab.evaluation.across_seeds import paired_seeds
from codemix_lab.evaluation.paired import holm
from codemix_lab.experiments.engines import State
from codemix_lab.experiments.engines.local import LocalEngine
from codemix_lab.experiments.reproduction import Reproduction
from codemix_lab.experiments.reproduction.carried import (
    COLUMNS,
    difference_texts,
    run_transfer,
    tidy,
    transfer_experiment,
    wide,
)
from codemix_lab.experiments.reproduction.heat import heat_map
from codemix_lab.experiments.reproduction.report import write_report
from codemix_lab.experiments.reproduction.rows import ENGLISH, FULL

Run = Callable[..., tuple[int, str, str]]
NGRAMS = "Character n-grams"


@pytest.fixture
def spec(base: str, task_file: Path, write_task: Callable[..., Path], tmp_path: Path) -> TransferSpec:
    tamil = write_task(tmp_path / "en-ta.tsv", labels=("NEG", "positive", "mixed"))
    english = write_task(tmp_path / "en.tsv")
    english.write_text(english.read_text().replace("yeh", "this"))
    return TransferSpec(
        str(task_file),
        (str(tamil), str(task_file)),
        ("full", "ngrams"),
        base,
        english=str(english),
        mapping="NEG=negative",
        train_size=9,
        target_sizes=(4,),
        seeds=2,
        epochs=1,
        target_epochs=1,
        learning_rate=1e-2,
    )


def test_every_regime_and_the_english_baseline_are_planned_with_labels_mapped(spec: TransferSpec) -> None:
    made = transfer_experiment(spec)
    assert {(row, size) for _, row, size, _ in made.cells()} == {(FULL, 9), (NGRAMS, 9), (ENGLISH, 9)}
    assert len(made.plan.specs) == 6
    tamil, own = made.plan.specs[0].targets
    assert tamil == TaskSpec(spec.targets[0].source, mapping=("NEG=negative",)) and own == spec.sources[0]
    assert all(run.target_sizes == (4,) for run in made.plan.specs)


def test_what_cannot_work_is_said_before_any_run(spec: TransferSpec) -> None:
    with pytest.raises(DataError, match="mapping: no task has the label “NGE”: did you mean “NEG”"):
        transfer_experiment(spec.replace(mapping="NGE=negative"))
    with pytest.raises(DataError, match="target_sizes: 1 sentences cannot hold the 2 shared labels of en-ta"):
        transfer_experiment(spec.replace(target_sizes=(1,)))


def test_scores_grow_run_by_run_and_end_as_a_tidy_table_and_a_report(
    spec: TransferSpec, tmp_path: Path, here_engine: Any
) -> None:
    told: list[dict[str, object]] = []
    made = transfer_experiment(spec)
    table = run_transfer(made, here_engine(), on_row=told.append)
    assert len(told) == 2 * 3 * 3 and len({json.dumps(row) for row in told}) == len(told)
    assert list(table.columns) == COLUMNS and (table["seeds"] == 2).all()
    assert list(dict.fromkeys(zip(table["target"], table["target_size"], strict=True))) == [
        ("en-ta", 0),
        ("en-ta", 4),
        ("en-hi", 0),
    ]
    cell = table[(table["target"] == "en-ta") & (table["target_size"] == 4)].set_index("regime")
    seeds = {
        name: [
            row["macro_f1"]
            for row in told
            if (row["regime"], row["target"], row["target_size"]) == (name, "en-ta", 4)
        ]
        for name in (FULL, NGRAMS)
    }
    found = paired_seeds(seeds[FULL], seeds[NGRAMS])
    assert cell.loc[NGRAMS, "macro_f1"] == pytest.approx(sum(seeds[NGRAMS]) / 2)
    assert cell.loc[NGRAMS, "difference"] == pytest.approx(found.difference)
    assert math.isnan(cell.loc[FULL, "difference"])
    tested = table[table["p_t"].notna()]
    assert tested["p_holm"].tolist() == pytest.approx(holm(tested["p_t"].tolist()))

    folder = write_report(made, tmp_path / "report")
    text, page = ((folder / f"report.{ending}").read_text() for ending in ("md", "html"))
    assert TransferSpec.from_yaml((folder / "spec.yaml").read_text()) == spec
    assert len(pd.read_csv(folder / "transfer.csv")) == len(table)
    for said in ("## Labels", "neutral of en-hi is never right here", "## How the tasks mix"):
        assert said in text
    assert "its own test, for comparison" in text and "Few-shot: the classifier goes on with 4" in text
    assert page.count('aria-label="Macro-F1"') == 1 and "<script" not in page


def test_the_preset_and_the_experiment_are_the_same_runs_and_checks(
    spec: TransferSpec, write_task: Callable[..., Path], tmp_path: Path
) -> None:
    made = transfer_experiment(spec)
    again = Reproduction(made.spec)
    assert set(again.plan.specs) == set(made.plan.specs)
    hate = write_task(tmp_path / "hate.tsv", labels=("hate", "none"))
    with pytest.raises(DataError, match=r"en-hi → hate: not scored.*Rename them with mapping"):
        Reproduction(made.spec.replace(targets=(str(hate),)))


def test_a_map_has_a_dash_where_nothing_was_scored_and_a_star_beyond_chance() -> None:
    rows = [
        ("a", "x", 0, "TIES", 0.5, 0.02, 0.01),
        ("a", "x", 20, "TIES", 0.6, -0.01, 0.5),
        ("a", "y", 0, "TIES", 0.4, math.nan, math.nan),
    ]
    cells = pd.DataFrame(
        rows, columns=["source", "target", "target_size", "regime", "macro_f1", "difference", "p_holm"]
    )
    assert difference_texts(cells).to_numpy().tolist() == [["+2.0*", "−1.0", ""]]
    two = pd.concat([cells, cells.assign(source="b")])
    assert list(wide(two, "macro_f1").index) == ["a: TIES", "b: TIES"]
    drawn = heat_map(wide(cells, "difference"), difference_texts(cells), "<b>", around=0.0)
    assert drawn.count("<rect") == 2 and ">–</text>" in drawn and "<b>" not in drawn
    assert tidy([]).empty


@pytest.mark.slow
def test_a_tiny_experiment_goes_through_worker_processes(spec: TransferSpec) -> None:
    one = spec.replace(targets=spec.targets[:1], english=None, seeds=1)
    made = transfer_experiment(one)
    table = run_transfer(made, LocalEngine(1))
    assert made.plan.state() == State(2, 2, {}) and len(table) == 4
    assert table["macro_f1"].between(0, 1).all() and table["p_holm"].isna().all()


@pytest.mark.usefixtures("here_engine")
def test_the_command_plans_runs_and_writes(spec: TransferSpec, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(spec.replace(regimes=("ngrams",), english=None, seeds=1).to_yaml())
    code, out, err = run("transfer", path, "--dry-run", "--json")
    told = json.loads(out.splitlines()[-1])
    assert code == 0 and (told["runs"], told["done"]) == (2, 0)
    assert told["labels"][0].startswith("en-hi → en-ta: scored on negative, positive (8 sentences)")
    code, out, err = run("transfer", path, "--out", tmp_path / "report", "--json")
    told = json.loads(out.splitlines()[-1])
    assert code == 0, err
    assert told["done"] == 2 and len(told["table"]) == 6 and (tmp_path / "report" / "report.html").is_file()
    code, _, err = run("transfer", path, "--out", tmp_path / "report")
    assert code == 1 and "never overwritten" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give a YAML with an experiment, or --models and --tasks"),
        (["--models", "m"], "or --models and --tasks"),
        (["spec.yaml", "--models", "m"], "not both"),
        (["no-such.yaml"], "no-such.yaml cannot be read"),
    ],
)
def test_the_command_says_how_it_is_used(arguments: list[str], said: str, run: Run) -> None:
    code, _, err = run("transfer", *arguments)
    assert code == 2 and said in err
