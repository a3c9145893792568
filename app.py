"""Explore: the λ explorer, what the lab opens with."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("explore")

import streamlit as st

from codemix_lab.config import MergeSpec
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.ui import explore, words
from codemix_lab.ui.desk import Desk, desk_for
from codemix_lab.ui.dials import dials
from codemix_lab.ui.escape import plain
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.readings import joined
from codemix_lab.ui.starter import offer_starter

LOOK_EVERY = 0.6


def main() -> None:
    """The page from top to bottom."""
    if bench.needs_starter:
        offer_starter()
    elif not bench.adapted:
        st.info(words.NO_ADAPTED, icon=":material/arrow_back:")
    else:
        shell.fragment(explorer)(bench)


def explorer(bench: Bench) -> None:
    """Dials on top, below them everything they move."""
    with st.container(border=True, key="dials"):
        spec = dials(bench)
    status = st.container()
    desk = desk_for(bench.base, bench.adapted, bench.task_spec)
    version = desk.version
    if desk.scorer is not None:
        readings(desk, desk.scorer, spec)
    with status:
        poller(desk, version)


def readings(desk: Desk, scorer: MergeScorer, spec: MergeSpec) -> None:
    """What is known at the dials so far: numbers, charts, own sentence, export."""
    reading, cpt, layers = desk.reading(spec), desk.cpt(spec), desk.layers(spec)
    now = joined(desk.point(spec), reading.at(spec.scaling) if reading else None)
    if now is None:
        return
    explore.readouts(now, reading.exact(0.0) if reading else None, cpt, len(scorer.score_rows))
    explore.curves(reading, now)
    explore.confusion_and_layers(now, scorer.labels, layers)
    explore.score_table(scorer.score_rows, now, scorer.labels)
    left, right = st.columns([3, 2], gap="large")
    with left:
        explore.own_sentence(desk, spec)
    with right:
        explore.export(spec)
    for note in scorer.notes:
        st.caption(f":material/info: {plain(note)}")


def poller(desk: Desk, version: int) -> None:
    """While something is being computed: say what, and draw the page anew when it is there."""
    shell.fragment(_look, run_every=LOOK_EVERY if desk.doing else None)(desk, version)


def _look(desk: Desk, version: int) -> None:
    if desk.version != version:
        st.rerun()
    if doing := desk.doing:
        share, what = doing
        if share is None:
            st.caption(f":material/hourglass_top: {plain(what)} …")
        else:
            st.progress(min(1.0, share), text=f"{plain(what)} …")


with shell.told():
    main()
