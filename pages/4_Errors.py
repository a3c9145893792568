"""Errors: up to four fine-tuned models, sentence by sentence."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("errors", needs_libraries=False)

import time
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.config import MergeSpec, TaskSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.annotations import Annotations
from codemix_lab.experiments.comparison_files import report
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.experiments.saved_slices import SavedSlices
from codemix_lab.experiments.side_by_side import SideBySide, asked_tasks, open_side_by_side
from codemix_lab.text.registry import registered_names
from codemix_lab.text.tasks import starter_tasks
from codemix_lab.ui import inspection, jobs, rows, words
from codemix_lab.ui.card import card
from codemix_lab.ui.classifiers import choose_model, choose_tasks, kept_runs, name_of
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.dials import carried
from codemix_lab.ui.link import copy_link
from codemix_lab.ui.opened import Opened
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.slices import save, slices
from codemix_lab.ui.uploads import kept_uploads

KIND, BLAME = "side-by-side", "switch-blame"
SPLITS = ("test", "dev")
MODELS = "abcd"
TABLES_FIRST = 0.5
LINKED = (
    *(*MODELS, "base", "adapted", "task", "also", "split", "limit", "reference", "against", "surer"),
    *("piles", rows.QUESTION, rows.PAGE_KEY, "method", "scaling", "density"),
)


def main() -> None:
    """The page from top to bottom."""
    method, dialled = carried()
    known = kept_runs()
    if not known:
        st.info(words.NO_MODELS, icon=":material/model_training:")
    asked = choose(bench, known)
    to_copy = st.container()
    job = jobs.latest(KIND)
    if f"job-{KIND}" not in st.query_params:
        job = JobQueue().find(KIND, asked) or job
    if job is None:
        st.info(words.NO_PAIR, icon=":material/arrow_upward:")
        copied(to_copy, asked)
        return
    jobs.watch(job)
    if job.state is JobState.DONE:
        spec = dialled.merge(bench, method) if bench.adapted else None
        shell.fragment(found)(job, known, spec)
    copied(to_copy, asked)


def choose(bench: Bench, known: dict[str, str]) -> dict[str, Any]:
    """The models and the split, and the button that compares them; returns what it would ask for."""
    with st.container(border=True, key="dials"):
        cells = [cell for _ in range(2) for cell in st.columns(2, gap="medium")]
        chosen = []
        for place, (key, cell) in enumerate(zip(MODELS, cells, strict=True)):
            with cell:
                first = (1, 0, None, None)[place]
                chosen.append(choose_model(f"Model {key.upper()}", key, known, first))
        cells = st.columns([3, 1.6, 1.4, 1.6], gap="small", vertical_alignment="bottom")
        with cells[0]:
            offered = [*starter_tasks(), *registered_names(), *kept_uploads()]
            also = choose_tasks(offered, (), "Also on", "also", words.HELP["also"])
        split = cells[1].segmented_control(
            "Sentences of", SPLITS, default="test", key="split", bind="query-params", required=True
        )
        limit = int(
            cells[2].number_input(
                "At most", 0, 100_000, 0, 50, key="limit", bind="query-params", help=words.HELP["limit"]
            )
        )
        pressed = jobs.start_button(cells[3], "Compare", "compare-two")
    models = [model for model in chosen if model]
    asked = {
        "models": models,
        "tasks": [TaskSpec(task).to_dict() for task in dict.fromkeys([bench.task, *also])],
        "split": split or "test",
        "limit": limit or None,
    }
    if pressed:
        if len(models) < 2:
            raise SpecError("Choose two models at least: kept ones, or folders of sequence classifiers.")
        rows.close()
        others = ", ".join(name_of(model, known) for model in models[1:])
        jobs.submit(KIND, asked, f"{others} against {name_of(models[0], known)}")
        st.rerun()
    return asked


def copied(place: Any, asked: dict[str, Any]) -> None:
    """How to compute what is chosen, above what was found, drawn after it: a browser loads long for code."""
    if len(asked["models"]) >= 2:
        with place:
            copy_this(KIND, asked)


def found(job: Job, known: dict[str, str], spec: MergeSpec | None) -> None:
    """Scores, piles, slices, sentences, confusions; all of it lies on disk, so that this is quick.

    A table comes first, so that the browser loads what draws tables while the rest is worked out; what is drawn
    by the charts' library comes last, as a browser takes longest to load it.
    """
    scores = job.result["scores"]
    names = {row["letter"]: name_of(row["model"], known) for row in scores}
    inspection.who(scores, names)
    beside = opened(job.result["key"])
    panel = beside.panel
    inspection.several(beside)
    pair = inspection.choose_pair(panel)
    above = st.container()
    surer = inspection.choose_surer()
    held = panel.pair(*pair, surer)
    with above:
        inspection.piles(held)
    st.subheader(f"Where {pair[1]} gains and loses")
    slices(beside.slices(*pair), beside.saved_slices(SavedSlices().all(), *pair), *pair)
    st.subheader("Sentences")
    shell.fragment(sentences)(job, beside, pair, surer, spec)
    st.subheader("Label by label")
    tables_first()
    inspection.confusions(panel, held)
    inspection.by_class(held)
    with st.expander("Do wrong answers hang on words near a switch?", icon=":material/swap_horiz:"):
        near_switches(job)
    title = " · ".join(f"{letter} {name}" for letter, name in names.items())
    st.download_button(
        "Report as one HTML page",
        data=lambda: report(beside, title, SavedSlices().all(), surer),
        file_name="codemix-comparison.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
    )


def sentences(
    job: Job, beside: SideBySide, pair: tuple[str, str], surer: float, spec: MergeSpec | None
) -> None:
    """The rows that pass the filters, and the one that is opened; reruns alone."""
    notes = Annotations(beside.sentences)
    table = rows_of(beside.key, *pair, surer)
    table = table.join(notes.columns(table["text"]))
    left, right, side = st.columns([4, 5, 2], gap="small", vertical_alignment="bottom")
    with left:
        piles = rows.chosen_piles(set(table["pile"]))
    with right:
        question = rows.asked(list(map(str, table.columns)))
    with side:
        save(question)
    rows.rows(rows.fitting(table, piles, question))
    number = rows.opened(len(table))
    if number is not None:
        place = beside.portion_of(number)
        card(
            Opened(
                number,
                beside.panel,
                str(table["pile"].iloc[number]),
                asked_tasks(job.payload)[place],
                job.payload["split"],
                beside.portions[place].pair,
                notes,
                bench,
                spec,
            )
        )
    copy_link(LINKED)


def tables_first() -> None:
    """Once a session, leave the browser time to draw the tables: loading what draws charts holds it up."""
    if "tables-first" not in st.session_state:
        st.session_state["tables-first"] = True
        time.sleep(TABLES_FIRST)


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
    if asked.state is JobState.DONE and asked.result:
        for cell, (name, table) in zip(st.columns(len(asked.result)), asked.result.items(), strict=True):
            cell.markdown(f"**Model {name}**")
            with cell:
                inspection.blame(pd.DataFrame(table), name)


@st.cache_resource(max_entries=4, show_spinner="Opening the comparison …")
def opened(key: str) -> SideBySide:
    """The comparison of a job that is done."""
    return open_side_by_side(key)


@st.cache_resource(max_entries=8, show_spinner=False)
def rows_of(key: str, reference: str, against: str, surer: float) -> pd.DataFrame:
    """Every sentence with its pile for these two models."""
    return opened(key).rows(reference, against, surer)


with shell.told():
    main()
