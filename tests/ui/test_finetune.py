"""Fine-tuning: what is asked becomes a job, what it finds becomes charts and tables."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.experiments.jobs import Job, JobQueue, JobState

Open = Callable[..., AppTest]
PAGE = "pages/2_Fine-tune.py"


@pytest.fixture
def small(bench: dict[str, str]) -> dict[str, str]:
    return {**bench, "train_size": "8", "epochs": "1", "seeds": "2", "scaling": "0.8"}


def test_the_empty_page_says_what_to_do(bench: dict[str, str], opened: Open, queue: JobQueue) -> None:
    at = opened(PAGE, bench)
    assert not at.exception
    assert "Compare" in at.info[0].value


def test_a_comparison_runs_as_a_job_and_shows_means_classes_and_loss(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(PAGE, small)
    at.button(key="compare").click().run()
    waiting = queue.list()[0]
    assert waiting.state is JobState.QUEUED
    assert set(waiting.payload["starts"]) == {"base", "CPT", "Task Arithmetic λ 0.80"}
    assert waiting.payload["seeds"] == [0, 1]
    assert do_next().state is JobState.DONE
    at.run()
    assert not at.exception
    assert not at.error
    titles = [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]
    beginnings = ("Macro-F1 on test: ", "F1 of each class: ", "On test, all seeds: ", "Training loss: from ")
    assert all(title.startswith(begins) for title, begins in zip(titles, beginnings, strict=True)), titles
    assert any(m.value.startswith("Best on test so far") and "baseline" in m.value for m in at.markdown)
    means = next(d.value for d in at.dataframe if "gain (95 %)" in d.value)
    assert list(means["start"]) == ["base", "CPT", "Task Arithmetic λ 0.80", "character n-grams"]


def test_a_job_can_be_cancelled_and_tried_again(small: dict[str, str], opened: Open, queue: JobQueue) -> None:
    at = opened(PAGE, small)
    at.button(key="compare").click().run()
    assert not at.exception
    at.button(key="cancel-compare-starts").click().run()
    assert queue.list()[0].state is JobState.CANCELLED
    assert "cancelled" in at.warning[0].value
    at.button(key="retry-compare-starts").click().run()
    assert queue.list()[0].state is JobState.QUEUED


def test_a_failed_job_says_why(
    small: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(PAGE, {**small, "base": "/no/such/model"})
    at.button(key="compare").click().run()
    assert do_next().state is JobState.FAILED
    at.run()
    assert not at.exception
    assert "there is no folder /no/such/model" in at.error[0].value


def test_without_a_start_it_asks_for_one(small: dict[str, str], opened: Open, queue: JobQueue) -> None:
    at = opened(PAGE, {**small, "starts": ""})
    at.button(key="compare").click().run()
    assert "at least one start" in at.error[0].value
    assert not queue.list()
