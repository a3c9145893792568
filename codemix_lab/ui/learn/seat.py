"""What a step is given: the bench, the lesson's numbers, the dials, and whether it is a lecture."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from codemix_lab.config import MergeSpec, TaskSpec
from codemix_lab.experiments.lessons import STARTER, TASKS, Lesson, kept_lesson
from codemix_lab.ui import jobs, words
from codemix_lab.ui.allowed import read_only
from codemix_lab.ui.escape import plain, short
from codemix_lab.ui.picker import Bench

KIND = "lesson"


@dataclass(frozen=True)
class Seat:
    """`own` says that `lesson` is about the checkpoints on the bench and not about the starter."""

    bench: Bench
    lesson: Lesson
    own: bool
    lecture: bool

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks that the plane was scored on; the curve and the transfer belong to the first."""
        return tuple(self.lesson.surfaces)

    @property
    def task(self) -> TaskSpec:
        """The first task as a spec."""
        return TaskSpec(self.tasks[0])

    @property
    def scaling(self) -> float:
        """Where the lab's λ stands."""
        return _dialled("scaling")

    @property
    def density(self) -> float:
        """Where the lab's density stands."""
        return _dialled("density")


def take_seat(bench: Bench, lecture: bool) -> Seat | None:
    """The lesson for the bench where it has been computed, else that of the starter; None when neither is there."""
    own = _asked(bench)
    if own is not None and own != (*STARTER, TASKS):
        found = kept_lesson(*own)
        if found is not None:
            return Seat(bench, found, True, lecture)
    shipped = _starter_lesson()
    return None if shipped is None else Seat(bench, shipped, own == (*STARTER, TASKS), lecture)


def offer_own(seat: Seat) -> None:
    """Say whose numbers these are; for other checkpoints on the bench, the button that computes theirs."""
    lesson = seat.lesson
    names = " and ".join(plain(short(ref)) for ref in lesson.adapted)
    st.caption(
        f":material/science: Computed from {plain(short(lesson.base))} with {names}. "
        f"{words.LEARN['whose_own'] if seat.own else words.LEARN['whose_starter']}"
    )
    asked = _asked(seat.bench)
    if seat.own or asked is None:
        return
    if not read_only() and st.button(
        "Compute the lesson for the bench", icon=":material/calculate:", key="own-lesson"
    ):
        base, adapted, tasks = asked
        payload = {"base": base, "adapted": list(adapted), "tasks": list(tasks)}
        jobs.submit(KIND, payload, f"lesson for {short(base)}")
        st.rerun()
    job = jobs.latest(KIND)
    if job is not None:
        jobs.watch(job)


@st.cache_resource(ttl=60, show_spinner=False)
def _starter_lesson() -> Lesson | None:
    """The starter's lesson; looking for it reads the starter's text, which a turned dial need not wait for."""
    return kept_lesson(*STARTER, TASKS)


def _asked(bench: Bench) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """What a lesson of the bench would be about: the starter's own for any part of it; None where it has no plane."""
    base, adapted = STARTER
    if bench.base == base and set(bench.adapted) <= set(adapted):
        return base, adapted, TASKS
    return (bench.base, bench.adapted, (bench.task,)) if len(bench.adapted) == 2 else None


def _dialled(name: str) -> float:
    default = MergeSpec.parameters()[name].default
    return float(st.session_state.get(name, default))
