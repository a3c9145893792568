"""Regimes on the page: what is chosen becomes a sweep, what it finds becomes curves, a table and a diagnosis."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments.engines import Plan, local
from codemix_lab.experiments.engines.work import work_on
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.models.starter.names import StarterState
from codemix_lab.ui import allowed, picker

Open = Callable[..., AppTest]
PAGE = "pages/2_Fine-tune.py"


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are done in this process."""

    def run(self: object, plan: Plan, on_progress: object, should_stop: Callable[[], bool]) -> object:
        plan.write()
        work_on(plan, should_stop)
        return plan.state()

    monkeypatch.setattr(local.LocalEngine, "run", run)


@pytest.fixture
def small(bench: dict[str, str]) -> dict[str, str]:
    fields = {"train_sizes": "6 8", "regime_epochs": "1", "regime_seeds": "2", "scalings": "0.5, 1"}
    return {**bench, **fields, "view": "Regimes"}


def said(at: AppTest, kind: str) -> str:
    """All text of one kind, without the backslashes that keep it from being read as markup."""
    return "\n".join(one.value for one in at.get(kind)).replace("\\", "")


def titles(at: AppTest) -> list[str]:
    return [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]


def test_the_empty_view_says_what_to_do_and_what_it_takes(
    small: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(PAGE, small)
    assert not at.exception
    assert not at.error
    assert "Run" in at.info[0].value
    assert "36 runs, " in said(at, "caption") and "(a rough guess)" in said(at, "caption")
    at.session_state["copy this"] = True
    yaml = next(code.value for code in at.run().code if code.value.startswith("run:"))
    assert len(SweepSpec.from_yaml(yaml).runs) == 20


def test_a_sweep_runs_as_a_job_and_shows_curves_table_and_diagnosis(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(PAGE, {**small, "regimes": "CPT → FT", "history": "true"})
    at.button(key="run-regimes").click().run()
    job = queue.list()[0]
    assert job.state is JobState.QUEUED and job.kind == "sweep"
    assert job.payload["over"] == {
        "train_size": [6, 8],
        "seed": [0, 1],
        "regime": ["ngrams", "full", "cpt-ft"],
    }
    assert do_next().state is JobState.DONE
    assert queue.list()[0].result == {"runs": 12, "done": 12, "failed": []}
    at.run()
    assert not at.exception
    assert not at.error
    drawn = " ".join(titles(at))
    assert "with 8 sentences" in drawn and "12 runs of regimes" in drawn
    table = next(d.value for d in at.dataframe if "p (Holm)" in d.value)
    assert list(table["regime"]) == ["Character n-grams", "Full fine-tuning", "CPT → FT"]
    assert list(table["seeds"]) == ["2", "2", "2"]
    assert "Full fine-tuning reaches" in said(at, "markdown")
    assert "12 runs, all finished" in said(at, "caption")


def test_a_failed_run_says_why(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    query = {**small, "regimes": "Prompting", "regime_seeds": "1", "train_sizes": "8"}
    at = opened(PAGE, query)
    at.button(key="run-regimes").click().run()
    assert do_next().result["failed"][0]["run"] == "Prompting, zero-shot"
    at.run()
    assert not at.exception
    assert "1 failed" in said(at, "warning")
    assert any("why" in d.value and d.value["why"].str.len().min() > 20 for d in at.dataframe)
    at = opened(PAGE, {**query, "targets": "/no/such.csv"})
    assert not at.exception and "/no/such.csv does not exist" in said(at, "error")


def test_what_a_regime_lacks_is_said_and_left_out(
    bench: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    query = {**bench, "view": "Regimes", "adapted": "", "regimes": "TIES → FT"}
    at = opened(PAGE, query)
    assert not at.exception
    assert "TIES → FT needs a checkpoint" in said(at, "warning")
    at = opened(PAGE, {**bench, "view": "Regimes", "regimes": "Joint FT"})
    assert "labels of the code-mixed one" in said(at, "warning")
    assert any(box.key == "english" and box.value == "en" for box in at.selectbox)


def test_the_guide_fills_in_the_fields(small: dict[str, str], opened: Open, queue: JobQueue) -> None:
    at = opened(PAGE, {**small, "case": "Labelled and unlabelled text", "labelled": "400"})
    assert not at.exception
    at.button(key="fill-in").click().run()
    assert not at.exception
    fields = {box.key: box.value for box in at.text_input}
    assert fields["train_sizes"] == "50, 100, 200, 400" and fields["scalings"] == "0.1, 0.3, 0.5, 0.7, 1"
    assert next(n.value for n in at.number_input if n.key == "regime_seeds") == 5
    chosen = next(group.value for group in at.button_group if group.key == "regimes")
    assert chosen == ["CPT → FT", "Task Arithmetic → FT", "TIES → FT"]


@pytest.mark.parametrize(
    ("name", "value"), [("train_sizes", "many"), ("train_sizes", "1"), ("scalings", "9")]
)
def test_numbers_that_cannot_be_meant_are_told(
    name: str, value: str, small: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(PAGE, {**small, name: value})
    assert not at.exception
    assert value in said(at, "error")
    assert "Run" in at.info[0].value


def test_on_show_nothing_can_be_started_and_no_file_is_opened(
    small: dict[str, str], opened: Open, queue: JobQueue, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    monkeypatch.setenv(allowed.READ_ONLY, "1")
    query = {
        "base": "starter",
        "view": "Regimes",
        "regimes": "Joint FT",
        "english": "/etc/passwd",
        "adapted": "",
    }
    monkeypatch.setattr(picker, "starter", lambda: StarterState(True, workspace, ("starter",)))
    at = opened(PAGE, {**query, "targets": "/etc/passwd", "tuned": "true"})
    assert not at.exception
    assert not {button.key for button in at.button} & {"run-regimes", "run-tuned"}
    assert all("/etc/passwd" not in str(box.value) for box in (*at.selectbox, *at.multiselect))
    assert not queue.list()


def test_a_fine_tuned_curve_is_drawn_with_its_error(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    fields = {"tuned_size": "8", "tuned_epochs": "1", "tuned_nodes": "0 1", "tuned_checks": "0.5"}
    at = opened(PAGE, {**small, **fields, "tuned": "true"})
    at.button(key="run-tuned").click().run()
    asked = queue.list()[0].payload["spec"]
    assert asked["nodes"] == [0, 1] and asked["checks"] == [0.5] and max(asked["scalings"]) == 1
    assert do_next().state is JobState.DONE
    at.run()
    assert not at.exception
    assert "after fine-tuning: highest at λ" in titles(at)[-1].replace("<br>", " ")
    assert "At 1 checked λ the curve was off by" in said(at, "markdown")
    at = opened(PAGE, {**small, **fields, "tuned": "true", "tuned_checks": "1"})
    assert "is a node" in said(at, "error")
