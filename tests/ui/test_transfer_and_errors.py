"""Transfer and errors: fine-tuned models against tasks, and against each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.experiments.jobs import Job, JobQueue, JobState

Open = Callable[..., AppTest]
TRANSFER, ERRORS = "pages/3_Transfer.py", "pages/4_Errors.py"


def specs(at: AppTest) -> list[dict]:
    return [json.loads(c.proto.spec) for c in at.get("plotly_chart")]


@pytest.mark.parametrize("page", [TRANSFER, ERRORS])
def test_without_models_it_says_how_to_get_one(
    page: str, bench: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(page, bench)
    assert not at.exception
    assert "Fine-tune" in at.info[0].value


def test_transfer_draws_every_model_on_every_task(
    bench: dict[str, str], trained: list[str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(TRANSFER, bench)
    at.multiselect(key="tasks").set_value([bench["task"]]).run()
    at.button(key="test").click().run()
    job = do_next()
    assert job.state is JobState.DONE, job.error
    assert set(job.payload["models"]) == set(trained)
    at.run()
    assert not at.exception
    assert specs(at)[0]["layout"]["title"]["text"].startswith("Macro-F1 on test: ")
    assert len(specs(at)[0]["data"][0]["text"]) == 2


def test_a_folder_that_is_no_classifier_is_told(
    bench: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(TRANSFER, {**bench, "models": bench["base"]})
    at.button(key="test").click().run()
    assert do_next().state is JobState.FAILED
    at.run()
    assert "not fine\\-tuned" in at.error[0].value


def test_errors_shows_piles_confusions_and_the_sentences_that_pass_the_filters(
    bench: dict[str, str], trained: list[str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(ERRORS, {**bench, "piles": ""})
    at.button(key="compare-two").click().run()
    assert do_next().state is JobState.DONE
    at.run()
    assert not at.exception
    counts = {m.label.split()[-1]: int(m.value) for m in at.metric}
    assert sum(counts.values()) == 10
    titles = [s["layout"]["title"]["text"] for s in specs(at)]
    assert [title.partition(":")[0] for title in titles] == ["Model A", "Model B", "B − A"]
    rows = next(d.value for d in at.dataframe if "gold_gain" in d.value)
    assert len(rows) == 10
    at.text_input(key="question").set_value('"no such words" in text').run()
    assert any("No sentence fits" in i.value for i in at.info)
    at.text_input(key="question").set_value("cni > 1").run()
    assert not at.exception
    assert any("there is no column" in e.value for e in at.error)
    assert len(next(d.value for d in at.dataframe if "gold_gain" in d.value)) == 10


def test_the_same_pair_without_a_model_is_refused(
    bench: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(ERRORS, bench)
    at.button(key="compare-two").click().run()
    assert "Choose two models" in at.error[0].value


def test_a_model_that_is_gone_is_told_after_it_was_compared(
    bench: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job], tmp_path: Path
) -> None:
    at = opened(ERRORS, {**bench, "a": str(tmp_path), "b": bench["base"]})
    at.button(key="compare-two").click().run()
    assert do_next().state is JobState.FAILED
    at.run()
    assert not at.exception
    assert at.error
