"""Copied code is run: Python, command lines and YAML compute what the job computes."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import CptSpec, FineTuneSpec, MergeSpec, ProbeSpec, TaskSpec, TransferSpec
from codemix_lab.experiments.copyable import copyable, written
from codemix_lab.experiments.finetuning import run_fine_tune
from codemix_lab.experiments.store import RunStore
from codemix_lab.job_kinds import KINDS, Quiet
from codemix_lab.models.checkpoints import open_checkpoint

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copied lines name folders relative to where they are run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def task(tmp_path: Path) -> str:
    words = {"good": ["achhi", "mast", "great"], "bad": ["bakwas", "boring", "worst"]}
    rows = [
        {
            "split": ("train", "dev", "test")[i % 3],
            "text": f"yeh film {words[label][i % 3]} no {i}",
            "label": label,
        }
        for i in range(30)
        for label in words
    ]
    path = tmp_path / "own file.en-hi.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


def ties(base: Path, adapted: Path) -> MergeSpec:
    return MergeSpec(str(base), (str(adapted),), "ties", 0.7, 0.3, norms=0.5)


def by_job(kind: str, payload: dict[str, Any]) -> Any:
    return KINDS[kind](json.loads(json.dumps(payload)), Quiet(lambda *_: None, lambda: False))


def by_python(text: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(text, "copied", "exec"), {})
    return said.getvalue()


def by_command(text: str, run: Run) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        name, *arguments = shlex.split(line)
        assert name == "codemix-lab"
        code, out, err = run(*arguments, "--json")
        assert code == 0, err
        found.append(json.loads(out.splitlines()[-1]))
    return found


def by_yaml(text: str, run: Run, here: Path) -> dict[str, Any]:
    (here / "this.yaml").write_text(text, encoding="utf-8")
    return by_command("codemix-lab job this.yaml", run)[0]


def test_the_score_of_a_merge(
    tiny_encoder: Path, tiny_adapted: Path, task: str, run: Run, here: Path
) -> None:
    payload = {
        "spec": ties(tiny_encoder, tiny_adapted).to_dict(),
        "task": TaskSpec(task).to_dict(),
        "probe": ProbeSpec(train_size=12, seed=3).to_dict(),
    }
    wanted, copied = by_job("score", payload), copyable("score", payload)
    assert 0 < wanted["macro_f1"] <= 1
    assert ast.literal_eval(by_python(copied.python)) == wanted
    assert by_command(copied.command, run) == [wanted]
    assert by_yaml(copied.yaml, run, here) == wanted


def test_an_export(tiny_encoder: Path, tiny_adapted: Path, run: Run) -> None:
    spec = ties(tiny_encoder, tiny_adapted)

    def copied(out: str) -> Any:
        return copyable("export", {"spec": spec.to_dict(), "out": out})

    by_python(copied("python").python)
    wanted = open_checkpoint("python").fingerprint
    assert by_command(copied("a command").command, run)[0]["fingerprint"] == wanted
    assert open_checkpoint(by_yaml(copied("yaml").yaml, run, Path())["folder"]).fingerprint == wanted


def test_a_comparison_of_starts(
    tiny_encoder: Path, tiny_adapted: Path, task: str, run: Run, monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    template = FineTuneSpec(str(tiny_encoder), TaskSpec(task), train_size=8, epochs=2)
    merge = ties(tiny_encoder, tiny_adapted)
    starts = {"base": str(tiny_encoder), "TIES λ 0.70": merge.to_dict()}
    payload = {"starts": starts, "template": template.to_dict(), "seeds": [0]}
    wanted = {(r["start"], r["split"]): r["macro_f1"] for r in by_job("compare-starts", payload)["table"]}
    copied = copyable("compare-starts", payload)

    monkeypatch.setenv("CODEMIX_LAB_WORKSPACE", str(here / "python"))
    shown = by_python(copied.python)
    assert all(f"{score:.6f}"[:6] in shown for score in wanted.values())

    monkeypatch.setenv("CODEMIX_LAB_WORKSPACE", str(here / "command"))
    _, merged, tuned = (None, *by_command(copied.command, run)[1:])
    assert merged["fingerprint"] == open_checkpoint("merged/TIES-λ-0.70").fingerprint
    rows = {row["split"]: row["macro_f1"] for row in tuned["table"]}
    assert rows == {split: pytest.approx(wanted["TIES λ 0.70", split]) for split in ("dev", "test")}

    monkeypatch.setenv("CODEMIX_LAB_WORKSPACE", str(here / "yaml"))
    found = {(r["start"], r["split"]): r["macro_f1"] for r in by_yaml(copied.yaml, run, here)["table"]}
    assert found == pytest.approx(wanted)


def test_transfer_and_the_comparison_of_two_models(
    tiny_encoder: Path, tiny_adapted: Path, task: str, run: Run, here: Path
) -> None:
    specs = [
        FineTuneSpec(str(m), TaskSpec(task), train_size=8, epochs=1) for m in (tiny_encoder, tiny_adapted)
    ]
    models = [str(run_fine_tune(spec, RunStore()).model) for spec in specs]
    payload = {"models": models, "tasks": [TaskSpec(task).to_dict()], "split": "dev", "limit": 10}
    wanted = [row["macro_f1"] for row in by_job("transfer", payload)["table"]]
    copied = copyable("transfer", payload)
    assert all(f"{score:.4f}"[:5] in by_python(copied.python) for score in wanted)
    assert [row["macro_f1"] for row in by_command(copied.command, run)[0]["table"]] == pytest.approx(wanted)
    assert [row["macro_f1"] for row in by_yaml(copied.yaml, run, here)["table"]] == pytest.approx(wanted)

    payload = {"models": models, "tasks": [TaskSpec(task).to_dict()], "split": "dev", "limit": None}
    scores = by_job("side-by-side", payload)["scores"]
    copied = copyable("side-by-side", payload)
    assert all(f"{row['macro_f1']:.4f}"[:5] in by_python(copied.python) for row in scores)
    told = by_command(copied.command, run)[0]["scores"]
    assert [row["macro_f1"] for row in told] == pytest.approx([row["macro_f1"] for row in scores])
    assert by_yaml(copied.yaml, run, here)["scores"] == scores


@pytest.mark.usefixtures("here_engine")
def test_a_transfer_experiment(tiny_encoder: Path, task: str, run: Run, here: Path) -> None:
    other = pd.read_csv(task).assign(text=lambda rows: rows["text"].str.replace("yeh film", "antha padam"))
    other.to_csv(here / "other.en-ta.csv", index=False)
    spec = TransferSpec(
        task,
        str(here / "other.en-ta.csv"),
        ("ngrams",),
        str(tiny_encoder),
        train_size=8,
        target_sizes=(6,),
        seeds=1,
        epochs=1,
        target_epochs=1,
    )
    payload = {"spec": spec.to_dict()}
    wanted, copied = by_job("transfer-experiment", payload)["table"], copyable("transfer-experiment", payload)
    scores = [row["macro_f1"] for row in wanted]
    assert len(scores) == 4
    assert all(f"{score:.4f}"[:5] in by_python(copied.python) for score in scores)
    first, *text, last, command = copied.command.splitlines()
    assert (first, last) == ("cat > transfer.yaml <<'END'", "END")
    (here / "transfer.yaml").write_text("\n".join(text), encoding="utf-8")
    told = by_command(command, run)[0]
    assert [row["macro_f1"] for row in told["table"]] == pytest.approx(scores) and Path(told["out"]).is_dir()
    assert by_yaml(copied.yaml, run, here)["table"] == wanted


def test_a_surface_over_steps(tiny_encoder: Path, tiny_way: Path, task: str, run: Run, here: Path) -> None:
    spec = MergeSpec(str(tiny_encoder), (str(tiny_way),), "ties", density=0.4)
    payload = {
        "spec": spec.to_dict(),
        "task": TaskSpec(task).to_dict(),
        "probe": ProbeSpec(train_size=10, score_size=10).to_dict(),
        "scalings": [0.0, 0.5],
    }
    wanted = by_job("duration", payload)["table"]
    copied = copyable("duration", payload)
    assert "steps" in by_python(copied.python)
    for table in (by_command(copied.command, run)[0]["table"], by_yaml(copied.yaml, run, here)["table"]):
        assert [(row["steps"], row["scaling"]) for row in table] == [(2, 0), (2, 0.5), (4, 0), (4, 0.5)]
        assert [row["macro_f1"] for row in table] == pytest.approx([row["macro_f1"] for row in wanted])


def test_an_adaptation(tiny_encoder: Path, task: str, run: Run, here: Path) -> None:
    text = here / "en-hi.own.txt"
    text.write_text("\n".join(f"yeh baat number {i} thi yaar" for i in range(30)), encoding="utf-8")
    spec = CptSpec(
        str(tiny_encoder),
        (str(text),),
        steps=2,
        tokens_per_step=64,
        whole_words=True,
        lora=False,
        learning_rate=1e-4,
    )

    def copied(out: str) -> Any:
        payload = {"spec": spec.to_dict(), "out": out, "tasks": [TaskSpec(task).to_dict()], "force": False}
        return copyable("cpt", payload)

    wanted = by_command(copied("command").command, run)[0]
    assert f"{wanted['after']}" in by_python(copied("python").python)
    assert by_yaml(copied("yaml").yaml, run, here)["after"] == pytest.approx(wanted["after"])


def test_a_spec_comes_back_from_what_is_written() -> None:
    spec = FineTuneSpec(MergeSpec("b", ("a", "c"), "ties", weights=(1.0, -0.5)), TaskSpec("it's"), epochs=2)
    known = {kind.__name__: kind for kind in (FineTuneSpec, MergeSpec, TaskSpec)}
    assert eval(written(spec), known) == spec


@pytest.mark.parametrize("text", ["kind: nothing", "- a list", "{", "kind: score"])
def test_a_file_that_is_no_job_is_told_in_a_sentence(text: str, run: Run, here: Path) -> None:
    (here / "this.yaml").write_text(text, encoding="utf-8")
    code, _, err = run("job", "this.yaml")
    assert code in (1, 2) and "this.yaml" in err and "Traceback" not in err
