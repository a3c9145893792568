"""One job from payload to result: every kind, every way to end."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from codemix_lab import job_kinds, paths, worker
from codemix_lab.config import FineTuneSpec, MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import Cancelled, DataError
from codemix_lab.experiments.job_record import read_job, write_json
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped

SPEC = MergeSpec(base="starter", adapted=("starter:en-hi",))
TASK = TaskSpec("en-hi")


@pytest.fixture(autouse=True)
def own_signals_and_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CODEMIX_LAB_WORKSPACE", str(tmp_path / "workspace"))
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def do(kind: str, payload: dict[str, Any], kinds: dict[str, job_kinds.Kind] | None = None) -> Job:
    """Do one job in this process, as the worker would in its own."""
    queue = JobQueue()
    folder = queue.root / "20260101-000000-000000-abcd"
    folder.mkdir(parents=True, exist_ok=True)
    asked = {"kind": kind, "label": kind, "payload": payload, "created": 0.0, "cwd": ".", "worker": []}
    write_json(folder / "job.json", asked)
    worker.main([str(folder)], job_kinds.KINDS if kinds is None else kinds)
    return read_job(folder)


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (Cancelled("Stopped."), "cancelled", None),
        (DataError("No row has a label."), "failed", "No row has a label."),
        (MemoryError(), "failed", worker.NO_MEMORY),
        (OSError(28, "No space left on device"), "failed", "the disk is full"),
        (ZeroDivisionError("division"), "failed", "This is a bug (ZeroDivisionError: division)"),
    ],
)
def test_every_end_is_a_sentence(error: Exception, state: str, said: str | None) -> None:
    def fail(payload: job_kinds.Payload, listener: worker.Listener) -> None:
        raise error

    job = do("fail", {}, {"fail": fail})
    assert job.state == state
    assert said in job.error if said and job.error else job.error is said


def test_unknown_kind_names_the_known_ones() -> None:
    job = do("compare", {})
    assert job.error is not None and "compare-starts" in job.error and job.state is JobState.FAILED


def test_result_that_is_no_json_is_a_bug() -> None:
    job = do("odd", {}, {"odd": lambda payload, listener: {"path": Path("x")}})
    assert job.error is not None and "This is a bug (TypeError" in job.error


def test_sigterm_asks_to_stop() -> None:
    def asked(payload: job_kinds.Payload, listener: worker.Listener) -> None:
        raise_if_stopped(listener.should_stop)
        os.kill(os.getpid(), signal.SIGTERM)
        raise_if_stopped(listener.should_stop)

    assert do("asked", {}, {"asked": asked}).state is JobState.CANCELLED


def test_progress_is_thinned_but_the_last_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = worker.Listener(tmp_path)
    for i in range(1001):
        listener.on_progress(i, 1000, "वाक्य")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 2 <= len(lines) < 20
    assert lines[-1] == {"done": 1000, "total": 1000, "what": "वाक्य"}


def test_compare_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"start": s, "seed": 0, "split": "test", "macro_f1": f, "low": 0.1, "high": 0.9, "run": "r"}
        for s, f in (("a", 0.5), ("b", 0.6))
    ]

    def fake(starts: Any, template: Any, seeds: Any, store: Any, *_: Any, on_run: Any) -> pd.DataFrame:
        assert starts == {"a": "starter", "b": SPEC} and seeds == [0]
        assert template == FineTuneSpec(model="starter", task=TASK)
        on_run(rows[0])
        return pd.DataFrame(rows)

    monkeypatch.setattr("codemix_lab.experiments.finetuning.compare_starts", fake)
    template = FineTuneSpec(model="starter", task=TASK).to_dict()
    payload = {"starts": {"a": "starter", "b": SPEC.to_dict()}, "template": template, "seeds": [0]}
    job = do("compare-starts", json.loads(json.dumps(payload)))
    assert job.error is None and job.rows == rows[:1] and job.result["table"] == rows
    assert job.result["summary"][1]["gain"] == pytest.approx(0.1)
    assert job.result["summary"][1]["low"] is None


def test_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"model": "m", "task": "en-hi", "n": 0, "macro_f1": math.nan, "note": "No labels."}

    def fake(models: Any, tasks: Any, split: str, limit: Any, *_: Any, on_row: Any) -> pd.DataFrame:
        assert (models, tasks, split, limit) == (["m"], [TASK], "dev", 20)
        on_row(row)
        return pd.DataFrame([row])

    monkeypatch.setattr("codemix_lab.experiments.transfer.transfer", fake)
    job = do("transfer", {"models": ["m"], "tasks": [TASK.to_dict()], "split": "dev", "limit": 20})
    assert job.error is None
    assert job.rows[0]["macro_f1"] is None and job.result["table"][0]["macro_f1"] is None


def test_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    from codemix_lab.evaluation.panel import Panel
    from codemix_lab.experiments.side_by_side import SideBySide

    frame = pd.DataFrame({"text": ["x"], "gold": "a", "predicted": "a", "p_a": 1.0, "p_b": 0.0})

    def fake(models: Any, task: Any, split: str, limit: Any, *_: Any) -> Any:
        assert (models, task, split, limit) == (["m", "n"], [TASK], "test", None)
        return SideBySide("k", Panel.of(models, [frame, frame], ("a", "b")), frame[["text"]], (), "s")

    monkeypatch.setattr("codemix_lab.experiments.side_by_side.side_by_side", fake)
    for asked in ({"tasks": [TASK.to_dict()]}, {"task": TASK.to_dict()}):
        job = do("side-by-side", {"models": ["m", "n"], **asked})
        assert job.error is None and job.result["key"] == "k"
    assert [row["letter"] for row in job.result["scores"]] == ["A", "B"]


def test_switch_blame_looks_at_every_task_of_two_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def fake(ref: str, task: TaskSpec, *_: Any, **__: Any) -> pd.DataFrame:
        asked.append((ref, task.source))
        return pd.DataFrame([{"kind": "place", "value": "at"}])

    def live(ref: str, split: str) -> Any:
        return None if ref == "file" else SimpleNamespace(ref=ref)

    monkeypatch.setattr("codemix_lab.experiments.blame.switch_blame", fake)
    monkeypatch.setattr("codemix_lab.experiments.inspection.live_model", live)
    tasks = [TaskSpec(name).to_dict() for name in ("en-hi", "en", "en-es")]
    job = do("switch-blame", {"models": ["m", "file"], "tasks": tasks})
    assert job.error is None and list(job.result) == ["A on en-hi", "A on en-es"]
    assert asked == [("m", "en-hi"), ("m", "en-es")]
    assert list(do("switch-blame", {"models": ["m", "n"], "tasks": tasks[:1]}).result) == ["A", "B"]


def test_sentence_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    from codemix_lab.evaluation.sentence_curve import SentenceCurve

    def fake(spec: Any, task: Any, probe: Any, text: str, *_: Any) -> SentenceCurve:
        assert (spec, task, probe, text) == (SPEC, TASK, ProbeSpec(train_size=50), "yaar")
        return SentenceCurve(("a",), np.array([0.0]), np.array([[0.0]]))

    monkeypatch.setattr("codemix_lab.experiments.sentence_curves.sentence_curve", fake)
    asked = {"spec": SPEC.to_dict(), "task": TASK.to_dict(), "probe": {"train_size": 50}, "text": "yaar"}
    job = do("sentence-curve", asked)
    assert job.result == {"labels": ["a"], "scalings": [0.0], "log_probabilities": [[0.0]]}


def test_export_and_starter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def export(spec: MergeSpec, out: Path, on_progress: Progress, should_stop: ShouldStop) -> Path:
        assert spec == SPEC and not should_stop()
        on_progress(1, 1, "written")
        return out

    monkeypatch.setattr("codemix_lab.training.export.export_merge", export)
    monkeypatch.setattr("codemix_lab.models.starter.install.install_starter", lambda *_: tmp_path / "starter")
    out = str(tmp_path / "merged")
    assert do("export", {"spec": SPEC.to_dict(), "out": out}).result == {"folder": out}
    assert do("starter", {}).result == {"folder": str(tmp_path / "starter")}


def test_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    from codemix_lab.evaluation.merge_scorer import MergeScorer

    class Scorer:
        fingerprint = "f" * 64

    def opened(base: str, adapted: Any, task: Any, probe: ProbeSpec, *_: Any) -> Scorer:
        assert (base, adapted, task.name, probe.train_size) == (SPEC.base, SPEC.adapted, "en-hi", 50)
        return Scorer()

    monkeypatch.setattr(MergeScorer, "open", opened)
    monkeypatch.setattr("codemix_lab.experiments.curves.cached_curve", lambda *_: None)
    payload = {"spec": SPEC.to_dict(), "task": TASK.to_dict(), "probe": {"train_size": 50}}
    job = do("curve", payload)
    assert job.error is None
    assert Path(job.result["curve"]).parent == paths.workspace() / "curves"
