"""Fine-tune: several starts on the same labelled sentences."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("fine-tune")

import streamlit as st

from codemix_lab.config import FineTuneSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.jobs import JobQueue
from codemix_lab.ui import comparison, jobs, words
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.dials import carried_method, more, reads_density
from codemix_lab.ui.fields import number
from codemix_lab.ui.merge_widgets import dial
from codemix_lab.ui.picker import Bench, placed
from codemix_lab.ui.starter import offer_starter

LOOK_EVERY = 2.0
MOST_SEEDS = 10
KIND = "compare-starts"


def main() -> None:
    """The page from top to bottom."""
    if bench.needs_starter:
        offer_starter()
    else:
        with shell.told():
            compare(bench)
    job = jobs.latest(KIND)
    if job is None:
        st.info(words.NO_COMPARISON, icon=":material/arrow_upward:")
    else:
        jobs.watch(job)
        shell.fragment(found, run_every=None if job.state.is_over else LOOK_EVERY)(job.id)
    comparison.history()


def compare(bench: Bench) -> None:
    """What to compare, and the button that starts it."""
    with st.container(border=True, key="dials"):
        offered = comparison.kinds_of(bench)
        kinds = st.pills(
            "Starts",
            offered,
            selection_mode="multi",
            default=offered[:3],
            key="starts",
            bind="query-params",
        )
        methods = comparison.methods_of(kinds)
        left, right = st.columns(2, gap="medium")
        with left:
            scaling = dial("scaling", "λ of the merged starts")
        with right:
            density = dial("density", "Density", disabled=not any(map(reads_density, methods)))
        carried_method()
        dialled = more(bench, methods, scaling, density)
        cells = st.columns(4, gap="small", vertical_alignment="bottom")
        with cells[0]:
            train_size = number(FineTuneSpec, "train_size", "Train sentences", help=words.HELP["train_size"])
        with cells[1]:
            epochs = number(FineTuneSpec, "epochs", "Epochs")
        with cells[2]:
            seeds = int(
                st.number_input(
                    "Seeds", 1, MOST_SEEDS, 1, key="seeds", bind="query-params", help=words.HELP["seeds"]
                )
            )
        asked = jobs.start_button(cells[3], "Compare", "compare")
    chosen = comparison.starts(bench, kinds, dialled)
    template = FineTuneSpec(model=bench.base, task=bench.task_spec, train_size=train_size, epochs=epochs)
    payload = comparison.payload(chosen, template, seeds)
    if asked:
        if not chosen:
            raise SpecError("Choose at least one start to fine-tune from.")
        jobs.submit(KIND, payload, f"{len(chosen)} starts × {seeds} seeds, {placed(bench)}")
        st.rerun()
    copy_this(KIND, payload)


def found(job_id: str) -> None:
    """The results of the job as far as they are there."""
    comparison.results(JobQueue().get(job_id))


with shell.told():
    main()
