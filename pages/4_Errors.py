"""Errors: two fine-tuned models, sentence by sentence."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("errors")

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.config import TaskSpec
from codemix_lab.errors import SpecError
from codemix_lab.evaluation.compare import Comparison
from codemix_lab.experiments.annotations import Annotations
from codemix_lab.experiments.classifier import Classifier
from codemix_lab.experiments.comparison_files import report
from codemix_lab.experiments.inspection import compare_models
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.text.tasks import Task, open_task
from codemix_lab.text.traits import sentence_traits
from codemix_lab.ui import inspection, jobs, rows, words
from codemix_lab.ui.card import Opened, card
from codemix_lab.ui.classifiers import choose_model, kept_models, name_of
from codemix_lab.ui.dials import carried
from codemix_lab.ui.escape import plain
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.slices import blame, cut_tables, slices

KIND = "compare-models"
BLAME = "switch-blame"
SPLITS = ("test", "dev")


def main() -> None:
    """The page from top to bottom."""
    carried()
    known = kept_models()
    if not known:
        st.info(words.NO_MODELS, icon=":material/model_training:")
    choose(bench, known)
    job = jobs.latest(KIND)
    if job is None:
        st.info(words.NO_PAIR, icon=":material/arrow_upward:")
        return
    jobs.watch(job)
    if job.state is JobState.DONE:
        a, b = (plain(name_of(job.payload[side], known)) for side in "ab")
        st.caption(f"**A** {a}  \n**B** {b}")
        shell.fragment(found)(job)


def choose(bench: Bench, known: dict[str, str]) -> None:
    """The two models and the split, and the button that compares them."""
    with st.container(border=True, key="dials"):
        left, right = st.columns(2, gap="medium")
        with left:
            a = choose_model("Model A", "a", known, 1)
        with right:
            b = choose_model("Model B", "b", known, 0)
        cells = st.columns([2, 2, 1.4], gap="small", vertical_alignment="bottom")
        split = cells[0].segmented_control(
            "Sentences of", SPLITS, default="test", key="split", bind="query-params", required=True
        )
        limit = int(
            cells[1].number_input(
                "At most", 0, 100_000, 0, 50, key="limit", bind="query-params", help=words.HELP["limit"]
            )
        )
        asked = jobs.start_button(cells[2], "Compare", "compare-two")
    if asked:
        if not a or not b:
            raise SpecError("Choose two models: kept ones, or folders of sequence classifiers.")
        payload = {
            "a": a,
            "b": b,
            "task": bench.task_spec.to_dict(),
            "split": split or "test",
            "limit": limit or None,
        }
        jobs.submit(KIND, payload, f"{name_of(b, known)} against {name_of(a, known)}")
        st.rerun()


def found(job: Job) -> None:
    """Piles, confusions, slices, sentences; the predictions lie on disk, so that this is quick."""
    asked = job.payload
    pair = open_pair(job.id, asked["a"], asked["b"], asked["task"], asked["split"], asked["limit"])
    inspection.piles(pair.comparison)
    inspection.confusions(pair.comparison)
    st.subheader("Where B gains and loses")
    slices(pair.comparison, pair.traits)
    with st.expander("Do wrong answers hang on words near a switch?", icon=":material/swap_horiz:"):
        near_switches(job)
    st.subheader("Sentences")
    notes = Annotations(pair.comparison.digest[:20])
    table = pair.comparison.frame.join(pair.traits)
    opened = rows.rows(rows.filtered(table.join(notes.columns(table["text"]))))
    if opened is not None:
        row = {str(name): value for name, value in pair.comparison.frame.loc[opened].items()}
        card(Opened(row, pair.models, pair.task, pair.comparison.labels, notes, bench))
    title = f"{name_of(asked['b'], {})} against {name_of(asked['a'], {})}"
    st.download_button(
        "Report as one HTML page",
        data=lambda: report(pair.comparison, cut_tables(pair.comparison, pair.traits), title),
        file_name="codemix-comparison.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
    )


def near_switches(job: Job) -> None:
    """The words that wrong answers hang on, by their place to a switch and by their language."""
    st.caption(words.SWITCHES)
    asked = JobQueue().find(BLAME, job.payload)
    if asked is None:
        if jobs.start_button(st, "Look at the wrong answers", "blame"):
            jobs.submit(BLAME, job.payload, f"words that wrong answers hang on: {job.label}")
            st.rerun()
        return
    jobs.watch(asked)
    if asked.state is JobState.DONE:
        for cell, (name, found) in zip(st.columns(2), asked.result.items(), strict=True):
            cell.markdown(f"**Model {name}**")
            with cell:
                blame(pd.DataFrame(found), name)


@dataclass(frozen=True, eq=False)
class Pair:
    """A comparison with all that its views ask for."""

    comparison: Comparison
    traits: pd.DataFrame
    task: Task
    models: dict[str, Classifier]


@st.cache_resource(max_entries=3, show_spinner="Opening the comparison …")
def open_pair(_id: str, a: str, b: str, task: dict[str, Any], split: str, limit: int | None) -> Pair:
    """The comparison of a job that is done."""
    spec = TaskSpec.from_dict(task)
    comparison = compare_models(a, b, spec, split, limit)
    opened = open_task(spec)
    traits = sentence_traits(list(comparison.frame["text"]), opened.pair)
    return Pair(comparison, traits, opened, {"A": Classifier(a), "B": Classifier(b)})


with shell.told():
    main()
