"""The command line end to end at tiny size: same numbers as Python, JSON last, wrong use in one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import MergeSpec, ProbeSpec
from codemix_lab.evaluation.compare import PILES
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.text.tasks import open_task
from codemix_lab.training.export import export_merge

Run = Callable[..., tuple[int, str, str]]


def last(out: str) -> dict[str, Any]:
    values = json.loads(out.rstrip("\n").split("\n")[-1])
    assert isinstance(values, dict)
    return values


@pytest.fixture
def task(tmp_path: Path) -> Path:
    words = {"good": "accha mast", "bad": "bekaar bura"}
    rows = [
        (split, f"{text} film number {i} thi", label)
        for split, n in (("train", 20), ("dev", 10), ("test", 10))
        for i in range(n)
        for label, text in words.items()
    ]
    pd.DataFrame(rows, columns=["split", "text", "label"]).to_csv(tmp_path / "en-hi.csv", index=False)
    return tmp_path / "en-hi.csv"


def finetuned(run: Run, model: Path, task: Path, out: Path, *more: object) -> Path:
    code, _, err = run(
        "finetune", "--model", model, "--task", task, "--train-size", 16, "--epochs", 1, "--out", out, *more
    )
    assert code == 0, err
    return out / "seed-0"


def test_the_same_merge_from_python_and_the_command_line(
    run: Run, tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path
) -> None:
    spec = MergeSpec(str(tiny_encoder), (str(tiny_adapted),), "ties", 0.6, 0.3)  # type: ignore[arg-type]
    export_merge(spec, tmp_path / "python")
    code, out, _ = run(
        *("merge", "--base", tiny_encoder, "--adapted", tiny_adapted, "--method", "ties", "--scaling", 0.6),
        *("--density", 0.3, "--out", tmp_path / "cli", "--json"),
    )
    assert code == 0
    said = last(out)
    assert said["fingerprint"] == open_checkpoint(str(tmp_path / "python")).fingerprint
    assert MergeSpec.from_dict(said["spec"]) == spec
    code, _, err = run("merge", "--base", tiny_encoder, "--adapted", tiny_adapted, "--out", tmp_path / "cli")
    assert code == 1
    assert "never overwritten" in err


def test_the_curve_is_that_of_the_scorer(
    run: Run, tiny_encoder: Path, tiny_adapted: Path, task: Path
) -> None:
    code, out, err = run(
        *(
            "curve",
            "--base",
            tiny_encoder,
            "--adapted",
            tiny_adapted,
            "--task",
            task,
            "--scalings",
            "0:1.5:0.75",
        ),
        *("--train-size", 20, "--score-size", 20, "--json"),
    )
    assert code == 0, err
    rows = last(out)["table"]
    assert [row["scaling"] for row in rows] == [0.0, 0.75, 1.5]
    probe = ProbeSpec(train_size=20, score_size=20)
    scorer = MergeScorer.open(str(tiny_encoder), [str(tiny_adapted)], open_task(str(task)), probe)
    point = scorer.point(MergeSpec(str(tiny_encoder), (str(tiny_adapted),), scaling=0.75))
    assert rows[1]["exact"]
    assert rows[1]["macro_f1"] == pytest.approx(point.macro_f1)
    assert rows[1]["code_mixed_perplexity"] == pytest.approx(point.code_mixed_perplexity, rel=1e-4)


def test_finetune_evaluate_transfer_and_compare(
    run: Run, tiny_encoder: Path, tiny_adapted: Path, task: Path, tmp_path: Path
) -> None:
    a = finetuned(run, tiny_encoder, task, tmp_path / "a", "--seeds", "0,1")
    b = finetuned(run, tiny_adapted, task, tmp_path / "b")
    assert sorted(pd.read_csv(tmp_path / "a" / "results.csv")["seed"].unique()) == [0, 1]

    code, out, _ = run(
        "evaluate", "--model", a, "--task", task, "--predictions", tmp_path / "rows.csv", "--json"
    )
    scores = last(out)
    assert code == 0
    assert 0 <= scores["macro_f1"] <= 1
    assert len(pd.read_csv(tmp_path / "rows.csv")) == 20
    stored = (
        pd.read_csv(tmp_path / "a" / "results.csv").query("seed == 0 and split == 'test'")["macro_f1"].item()
    )
    assert scores["macro_f1"] == pytest.approx(stored)

    code, out, _ = run(
        "transfer", "--models", a, "--models", b, "--tasks", task, "--tasks", "en-ta", "--json"
    )
    table = last(out)["table"]
    assert code == 0
    assert len(table) == 4
    assert table[1]["macro_f1"] is None
    assert table[1]["note"]

    assert run("slices", "keep", "long", "words > 3")[0] == 0
    code, _, err = run("slices", "keep", "long", "words >")
    assert code == 2 and "character" in err
    code, out, _ = run(
        "compare",
        a,
        tmp_path / "b",
        tmp_path / "rows.csv",
        "--task",
        task,
        "--out",
        tmp_path / "diff",
        "--json",
    )
    counts = last(out)
    assert code == 0
    assert sum(counts[pile] for pile in PILES) == 20 and counts["surer"] == 0.1
    assert [(row["reference"], row["against"]) for row in counts["table"]] == [
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    ]
    assert counts["table"][1]["net_gain"] == 0
    assert counts["scores"][0]["macro_f1"] == pytest.approx(stored)
    assert len(pd.read_csv(tmp_path / "diff" / "rows.csv")) == 20
    saved = pd.read_csv(tmp_path / "diff" / "saved_slices.csv")
    assert saved["name"].tolist() == ["long"] * 3 and saved["sentences"].iloc[0] > 0
    assert last(run("slices", "list", "--json")[1])["table"] == [{"name": "long", "question": "words > 3"}]
    assert run("slices", "remove", "long")[0] == 0
    assert run("slices", "remove", "long")[0] == 1
    assert run("compare", a, "--task", task, "--out", tmp_path / "one")[0] == 2
    other = shutil.copy(task, tmp_path / "other.en-es.csv")
    two = (
        "compare",
        a,
        tmp_path / "b",
        "--task",
        task,
        "--task",
        other,
        "--surer",
        "0.3",
        "--out",
        tmp_path / "two",
    )
    code, out, _ = run(*two)
    assert code == 0 and "pair == 'en-es'" in out and "labels: " in out
    record = json.loads((tmp_path / "two" / "comparison.json").read_text(encoding="utf-8"))
    assert [one["count"] for one in record["tasks"]] == [20, 20] and record["piles"][0]["surer"] == 0.3
    pairs = [row["slice"] for row in record["slices"] if row["trait"] == "pair"]
    assert sorted(pairs) == ["pair == 'en-es'", "pair == 'en-hi'"]
    code, _, err = run(*two[:-4], "--surer", "1.5", "--out", tmp_path / "three")
    assert code == 2 and "surer = 1.5 is out of range" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["merge", "--base", "x"], "Missing option"),
        (["nosuch"], "No such command"),
        (
            ["merge", "--base", "x", "--adapted", "y", "--scaling", "2", "--out", "z"],
            "scaling = 2.0 is out of range",
        ),
        (
            ["merge", "--base", "x", "--adapted", "y", "--density", "0", "--out", "z"],
            "density = 0.0 is out of range",
        ),
        (["finetune", "--model", "x", "--task", "en-hi", "--seeds", "a", "--out", "z"], "whole numbers"),
        (
            ["curve", "--base", "x", "--adapted", "y", "--task", "en-hi", "--scalings", "0:1"],
            "first:last:step",
        ),
        (
            ["curve", "--base", "x", "--adapted", "y", "--task", "en-hi", "--densities", "0.5"],
            "belong to ties",
        ),
        (["starter", "build", "--monolingual", "en", "--code-mixed", "a=b", "--out", "z"], "NAME=FILE"),
    ],
)
def test_wrong_use_exits_2_with_one_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["merge", "--base", "/no/such", "--adapted", "y", "--out", "z"], "there is no folder"),
        (["evaluate", "--model", "/no/such", "--task", "en-hi"], "there is no folder"),
        (["finetune", "--model", "x", "--task", "/no/such.csv", "--out", "z"], "/no/such.csv"),
    ],
)
def test_failures_exit_1_with_one_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    code, _, err = run(*arguments)
    assert code == 1
    assert sentence in err
    assert "Traceback" not in err


def test_help_and_version(run: Run) -> None:
    assert "finetune" in run()[1]
    assert run("--version")[1].startswith("codemix-lab 0")
    assert "0.01 to 1" in run("merge", "--help")[1]


def test_doctor_says_what_is_there(run: Run) -> None:
    code, out, _ = run("doctor", "--json")
    assert code == 0
    assert {"state", "ok", "advice"} == set(next(iter(last(out).values())))


def test_pre_training_goes_on_from_the_command_line(run: Run, tiny_encoder: Path, tmp_path: Path) -> None:
    text = tmp_path / "en-hi.own.txt"
    text.write_text("\n".join(f"film number {i} mast thi yaar" for i in range(30)), encoding="utf-8")
    small = ("--corpus", text, "--tokens-per-step", 128, "--rank", 4, "--evaluate-every", 2)
    asked = ("cpt", "--base", tiny_encoder, *small, "--steps", 2, "--out", tmp_path / "cpt", "--json")
    code, out, err = run(*asked)
    assert code == 0, err
    said = last(out)
    assert [point["step"] for point in said["curve"]] == [0, 2]
    assert said["after"] == {name: said["curve"][-1][name] for name in ("code-mixed", "monolingual")}
    assert open_checkpoint(said["out"]).adapter is not None
    code, _, err = run(*asked)
    assert code == 1 and "never overwritten" in err
    code, _, err = run(
        "cpt", "--base", tiny_encoder, *small, "--steps", 2, "--epochs", 1, "--out", tmp_path / "x"
    )
    assert code == 2 and "give one of them" in err
    more = (
        "--epochs",
        1,
        "--full",
        "--freeze-embeddings",
        "--learning-rate",
        1e-4,
        "--out",
        tmp_path / "full",
    )
    code, out, err = run("cpt", "--base", tiny_encoder, *small, *more)
    assert code == 0, err
    assert "code-mixed, after:" in out and open_checkpoint(str(tmp_path / "full")).adapter is None
