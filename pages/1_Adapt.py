"""Adapt: continued pre-training of the base on unlabelled text."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("adapt")

import streamlit as st

from codemix_lab.config import CptSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.jobs import JobQueue, JobState
from codemix_lab.ui import adapting, jobs, words
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.escape import short
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.starter import offer_starter

KIND = "cpt"
LOOK_EVERY = 2.0


def main() -> None:
    """The page from top to bottom."""
    if bench.needs_starter:
        offer_starter()
    else:
        ask(bench)
    job = jobs.latest(KIND)
    if job is None:
        st.info(words.NO_CPT, icon=":material/arrow_upward:")
    else:
        jobs.watch(job)
        if job.state in (JobState.CANCELLED, JobState.FAILED):
            st.caption(words.RESUMES)
        shell.fragment(found, run_every=None if job.state.is_over else LOOK_EVERY)(job.id)
        if job.state is JobState.DONE:
            adapting.offer_to_explore(job)
    adapting.kept()


def ask(bench: Bench) -> None:
    """Which text, how long, and the button that starts it."""
    with st.container(border=True, key="dials"):
        corpora, shares = adapting.choose_text(bench)
        left, right = st.columns([2, 1], gap="medium", vertical_alignment="bottom")
        with left:
            length = adapting.length()
        asked = jobs.start_button(right, "Adapt", "adapt")
        fields = adapting.more()
        leave_out = st.checkbox("Leave dev and test sentences of the task out of the text", key="leave_out")
        forced = st.checkbox("Go on even if the text holds dev or test sentences of the task", key="force")
        spec = CptSpec(base=bench.base, corpora=corpora, shares=shares, **length, **fields)
        with shell.told():
            adapting.wants(spec)
    payload = {
        "spec": spec.to_dict(),
        "out": str(adapting.new_place(spec)),
        "tasks": [bench.task_spec.to_dict()],
        "force": forced,
        "leave_out": leave_out,
    }
    if asked:
        if not corpora:
            raise SpecError("Choose at least one corpus to read.")
        long = f"{spec.steps} steps" if spec.epochs is None else f"{spec.epochs:g} epochs"
        label = f"{short(bench.base)} reads {', '.join(map(short, corpora))}, {long}"
        jobs.submit(KIND, payload, label)
        st.rerun()
    copy_this(KIND, payload)


def found(job_id: str) -> None:
    """The losses as far as they are there."""
    adapting.results(JobQueue().get(job_id))


with shell.told():
    main()
