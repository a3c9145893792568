"""Fine-tune: several starts on the same labelled sentences, or all of the paper's regimes."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("fine-tune")

import streamlit as st

from codemix_lab.config import FineTuneSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.jobs import JobQueue
from codemix_lab.ui import comparison, history, jobs, regime_results, regimes, words
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.dials import carried, carried_method, more, reads_density
from codemix_lab.ui.fields import number
from codemix_lab.ui.merge_widgets import dial
from codemix_lab.ui.picker import Bench, placed
from codemix_lab.ui.starter import offer_starter
from codemix_lab.ui.tuned_curve import curve_over_lambda

LOOK_EVERY = 2.0
MOST_SEEDS = 10
KIND = "compare-starts"
STARTS, REGIMES = "Starts", "Regimes"


def main() -> None:
    """The page from top to bottom."""
    view = st.segmented_control(
        "Compare",
        [STARTS, REGIMES],
        default=STARTS,
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if bench.needs_starter:
        offer_starter()
    elif view == REGIMES:
        with shell.told():
            regimes.choose(bench)
    else:
        with shell.told():
            compare(bench)
    follow(regimes.KIND if view == REGIMES else KIND)
    if view == REGIMES and not bench.needs_starter:
        curve_over_lambda(bench)
    history.history()
    if view == REGIMES:
        carried()


def follow(kind: str) -> None:
    """The newest job of a kind and what it has found, or what to do where there is none."""
    job = jobs.latest(kind)
    if job is None:
        said = words.NO_COMPARISON if kind == KIND else words.NO_REGIMES
        st.info(said, icon=":material/arrow_upward:")
        return
    jobs.watch(job)
    show = found if kind == KIND else regime_results.found
    shell.fragment(show, run_every=None if job.state.is_over else LOOK_EVERY)(job.id)


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
