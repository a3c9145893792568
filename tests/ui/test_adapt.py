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
from codemix_lab.training.cpt import RECORD

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


def test_leaked_sentences_are_left_out_and_the_folded_fields_reach_the_job(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job], tmp_path: Path
) -> None:
    both = tmp_path / "both.en-hi.txt"
    rows = Path(small["task"]).read_text(encoding="utf-8").splitlines()
    leaked = next(row for row in rows if row.startswith("dev,")).split(",")[1]
    both.write_text(Path(small["corpora"]).read_text(encoding="utf-8") + f"\n{leaked}\n", encoding="utf-8")
    at = opened(PAGE, {**small, "corpora": str(both), "length_in": "epochs", "epochs": "0.5", "seed": "3"})
    at.checkbox(key="leave_out").check()
    at.checkbox(key="rank_stabilised").check()
    at.number_input(key="alpha").set_value(8)
    at.text_input(key="targets").set_value("query, value")
    at.slider(key="mask_share").set_value(0.3)
    at.button(key="adapt").click().run()
    asked = queue.list()[0].payload["spec"]
    assert (asked["epochs"], asked["seed"], asked["mask_share"]) == (0.5, 3, 0.3)
    assert (asked["alpha"], asked["rank_stabilised"], asked["targets"]) == (8, True, ["query", "value"])
    done = do_next()
    assert done.state is JobState.DONE, done.error
    record = json.loads((Path(done.result["folder"]) / RECORD).read_text(encoding="utf-8"))
    assert record["data"]["used"] and record["data"]["leaks"] == {
        small["task"].rsplit("/", 1)[-1].rsplit(".", 1)[0]: {}
    }
    assert any("1 line left out" in told for told in record["warnings"])
