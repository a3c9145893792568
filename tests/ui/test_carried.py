"""The experiment of the page Transfer: asked for, foretold, run as a job, and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.config import TransferSpec
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.ui import allowed, words
from codemix_lab.ui.figures import matrices

Open = Callable[..., AppTest]
PAGE = "pages/3_Transfer.py"


@pytest.fixture
def asked(bench: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The experiment in the URL: from the small task to one with other names for the same labels."""
    frame = pd.read_csv(bench["task"])
    frame["label"] = frame["label"].map({"good": "gut", "bad": "bad"})
    frame["text"] = frame["text"].str.replace("yeh film", "antha padam")
    frame.to_csv(tmp_path / "other.en-ta.csv", index=False)
    return {
        **bench,
        "way": words.TRANSFER_WAYS[1],
        "sources": bench["task"],
        "targets": str(tmp_path / "other.en-ta.csv"),
        "regimes": "Character n-grams",
        "mapping": "gut=good",
        "english": "none",
        "target_sizes": "20",
        "train_size": "8",
        "epochs": "1",
        "seeds": "2",
    }


def titles(at: AppTest) -> list[str]:
    return [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]


@pytest.mark.usefixtures("here_engine")
def test_an_experiment_is_foretold_run_and_read(
    asked: dict[str, str], opened: Open, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = opened(PAGE, asked)
    assert not at.exception
    said = " ".join(caption.value for caption in at.caption)
    assert "4 runs; it takes" in said and "scored on bad, good \\(10 sentences\\)" in said
    assert any("mix much alike" in m.value or "differ most" in m.value for m in at.markdown)
    assert words.NO_CARRIED in [info.value for info in at.info]
    at.button(key="carry").click().run()
    spec = TransferSpec.from_dict(queue.list()[0].payload["spec"])
    assert (spec.seeds, spec.train_size, spec.target_sizes, spec.mapping) == (2, 8, (0, 20), ("gut=good",))
    assert [str(regime) for regime in spec.regimes] == ["full", "ngrams"]
    job = do_next()
    assert job.state is JobState.DONE, job.error
    assert len(job.rows) == 8 and len(job.result["table"]) == 4
    at.run()
    assert not at.exception and not at.error
    first, second = titles(at)
    assert first.startswith("Macro-F1 on test: ")
    assert second.replace("<br>", " ").startswith("Points to full fine-tuning: from ")
    assert any(m.value.startswith("Most over full fine-tuning: **") for m in at.markdown)
    shown = next(d.value for d in at.dataframe if "points to full (95 %)" in d.value)
    assert list(shown["target sentences"]) == [0, 0, 20, 20] and "to" in shown["macro-F1 (95 %)"][1]
    assert not at.code
    at.session_state["copy this experiment"] = True
    assert any("codemix-lab transfer transfer.yaml" in code.value for code in at.run().code)


def test_what_cannot_work_is_said_and_the_page_stays(
    asked: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(PAGE, {**asked, "mapping": "gud=good"})
    assert not at.exception
    assert "did you mean “gut”" in at.error[0].value
    at = opened(PAGE, {**asked, "targets": asked["sources"]})
    assert not at.exception and "nothing is carried over" in at.error[0].value
    at = opened(PAGE, {**asked, "targets": ""})
    at.button(key="carry").click().run()
    assert "at least one task" in at.error[0].value and not queue.list()


def test_a_lab_on_show_starts_no_experiment(
    asked: dict[str, str], opened: Open, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(allowed.READ_ONLY, "1")
    plain = {"way": words.TRANSFER_WAYS[1], "sources": "/etc", "targets": asked["targets"]}
    at = opened(PAGE, plain)
    assert not at.exception
    assert not [button for button in at.button if button.key == "carry"] and not queue.list()
    assert not any("/etc" in str(widget.value) for widget in at.get("multiselect"))


def test_differences_are_drawn_to_both_sides_of_nothing() -> None:
    values = pd.DataFrame({"en-ta": [0.02, -0.01]}, index=["TIES", "CPT"])
    texts = pd.DataFrame({"en-ta": ["+2.0*", ""]}, index=["TIES", "CPT"])
    drawn = matrices.difference_map(values, texts, "Differences").data[0]
    assert (drawn.zmin, drawn.zmax) == (-0.02, 0.02)
    assert [list(row) for row in drawn.text] == [["+2.0*"], ["–"]]
