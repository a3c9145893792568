"""Adapt: what is asked becomes a job, its losses a chart, its checkpoint a choice on the bench."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.experiments.jobs import Job, JobQueue, JobState

Open = Callable[..., AppTest]
PAGE = "pages/1_Adapt.py"


@pytest.fixture
def small(bench: dict[str, str], tmp_path: Path) -> dict[str, str]:
    text = tmp_path / "en-hi.own.txt"
    text.write_text("\n".join(f"yeh baat number {i} thi yaar" for i in range(30)), encoding="utf-8")
    return {**bench, "corpora": str(text), "steps": "2", "tokens_per_step": "64"}


def test_the_empty_page_says_what_to_do_and_what_it_will_want(
    bench: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(PAGE, bench)
    assert not at.exception and not at.error
    assert "Adapt" in at.info[0].value
    assert any("Wants about" in c.value and "are free" in c.value for c in at.caption)


def test_text_is_read_by_a_job_and_the_checkpoint_goes_to_explore(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(PAGE, small)
    at.button(key="adapt").click().run()
    waiting = queue.list()[0]
    assert waiting.payload["spec"]["corpora"] == [small["corpora"]]
    assert waiting.payload["tasks"][0]["source"] == small["task"]
    assert do_next().error is None
    at.run()
    assert not at.exception and not at.error
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert [line["name"] for line in figure["data"]][:2] == ["code-mixed", "monolingual"]
    assert any(m.value.startswith("After 2 steps: code\\-mixed loss") for m in at.markdown)
    link = next(e.proto.body for e in at.get("html") if "Use this on Explore" in e.proto.body)
    asked = parse_qs(unescape(link.partition("?")[2].partition('"')[0]))
    assert asked["adapted"] == [queue.list()[0].result["folder"]] and asked["base"] == [small["base"]]
    assert Path(asked["adapted"][0]).parent.name == "adapted" and asked["task"] == [small["task"]]


def test_a_cancelled_run_says_that_it_goes_on(small: dict[str, str], opened: Open, queue: JobQueue) -> None:
    at = opened(PAGE, small)
    at.button(key="adapt").click().run()
    at.button(key="cancel-cpt").click().run()
    assert queue.list()[0].state is JobState.CANCELLED
    assert any("goes on from the last checkpoint" in c.value for c in at.caption)
    at.button(key="retry-cpt").click().run()
    assert queue.list()[0].payload["out"] == queue.list()[1].payload["out"]


def test_a_corpus_that_is_the_test_set_is_refused(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(PAGE, {**small, "corpora": small["task"]})
    at.button(key="adapt").click().run()
    assert do_next().state is JobState.FAILED
    at.run()
    assert "scores on it would be too good" in at.error[0].value
