"""Explore: the λ explorer, what the lab opens with."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("explore", needs_libraries=False)

import functools
from collections.abc import Hashable

import streamlit as st

from codemix_lab.config import MergeSpec
from codemix_lab.evaluation.score_grid import ScoreGrid
from codemix_lab.experiments.grids import columns_from
from codemix_lab.ui import duration, explore, words
from codemix_lab.ui.anatomy import anatomy
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.desk import Desk, desk_for
from codemix_lab.ui.dials import dials, reads_density
from codemix_lab.ui.escape import plain
from codemix_lab.ui.live import instrument
from codemix_lab.ui.payload import payload
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.starter import offer_starter
from codemix_lab.ui.takeaway import page

FIRST_LOOK = 0.4
"""Seconds after the first picture has been drawn, in which the browser rests before the libraries are loaded."""
LOOK_EVERY = 1.0
LOOK_WHILE_OPENING = 3.0
"""Looking costs the thread that loads the libraries a good part of its time, and nothing comes before it is done."""


def main() -> None:
    """The page from top to bottom."""
    if bench.needs_starter:
        offer_starter()
    elif not bench.adapted:
        st.info(words.NO_ADAPTED, icon=":material/arrow_back:")
    else:
        shell.fragment(explorer)(bench)


def explorer(bench: Bench) -> None:
    """The method, the instrument with its dials, and below it what goes with the dialled merge."""
    whole, bench = bench, duration.step_dial(bench)
    spec = dials(bench)
    desk = desk_for(bench.base, bench.adapted, bench.task_spec)
    if desk.grid(spec) is None:
        desk.begin()
    stand = desk.stand(spec)
    with desk.drawing():
        desk.want(spec, whole_grid=reads_density(spec.method))
        grid = desk.grid(spec)
        if grid is None or not (grid.columns or grid.exact):
            st.info(words.WAITING, icon=":material/hourglass_top:")
        else:
            picture(desk, grid, spec, bench)
        duration.surface(whole, spec)
        poller(desk, spec, stand)


def picture(desk: Desk, grid: ScoreGrid, spec: MergeSpec, bench: Bench) -> None:
    """The instrument, its numbers, and what needs the models themselves."""
    turns = reads_density(spec.method)
    wanted = columns_from(spec.density) if turns else [spec.density]
    told = desk.doing
    data = payload(
        grid, spec, dials_density=turns, wanted=wanted, cpt=desk.cpt(spec), doing=told[1] if told else ""
    )
    instrument(data)
    explore.tables(grid, spec, functools.partial(page, data))
    scorer = desk.scorer
    if scorer is None:
        return
    copy_this("score", {"spec": spec.to_dict(), "task": bench.task_spec.to_dict()}, "this score")
    anatomy(desk)
    left, right = st.columns([3, 2], gap="large")
    with left:
        explore.own_sentence(desk, spec)
    with right:
        explore.export(spec)
    for note in scorer.notes:
        st.caption(f":material/info: {plain(note)}")


def poller(desk: Desk, spec: MergeSpec, stand: Hashable) -> None:
    """While something is being computed: say what, and draw the page anew when it is there."""
    pace = FIRST_LOOK if not desk.begun else LOOK_WHILE_OPENING if desk.opening else LOOK_EVERY
    shell.fragment(_look, run_every=pace if desk.doing else None)(desk, spec, stand)


def _look(desk: Desk, spec: MergeSpec, stand: Hashable) -> None:
    desk.seen()
    if desk.closed:
        st.caption(words.MADE_ROOM)
        return
    if desk.stand(spec) != stand:
        st.rerun()
    if doing := desk.doing:
        share, what = doing
        if share is None:
            st.caption(f":material/hourglass_top: {plain(what)} …")
        else:
            st.progress(min(1.0, share), text=f"{plain(what)} …")


with shell.told():
    main()
