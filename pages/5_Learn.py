"""Learn: the method in seven steps, each on real numbers, for a student or a lecture hall."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("learn", needs_libraries=False)

from collections.abc import Callable

import streamlit as st

from codemix_lab.ui import words
from codemix_lab.ui.dials import carried
from codemix_lab.ui.learn import arrow, cpt, mixing, plane, signs, transfer, trimming
from codemix_lab.ui.learn.look import dress
from codemix_lab.ui.learn.quiz import quiz
from codemix_lab.ui.learn.seat import Seat, offer_own, take_seat
from codemix_lab.ui.learn.stepper import current, stepper, turning
from codemix_lab.ui.learn.way import way
from codemix_lab.ui.merge_widgets import hidden

DRAW: dict[str, Callable[[Seat], None]] = {
    "mixing": mixing.draw,
    "cpt": cpt.draw,
    "plane": plane.draw,
    "arrow": arrow.draw,
    "trimming": trimming.draw,
    "signs": signs.draw,
    "transfer": transfer.draw,
}
BY_HAND = ("mixing", "signs")
"""Steps that need no checkpoint."""


def main() -> None:
    """The page from top to bottom."""
    with hidden("lesson"):
        carried()
    lecture = st.toggle("Lecture mode", key="lecture", bind="query-params", help=words.LEARN["lecture"])
    dress(lecture)
    at = current()
    step = stepper(at, lecture)
    st.header(f"{at} · {step.title}", anchor=False)
    with st.container(key="said"):
        st.markdown(step.text)
    seat = take_seat(bench, lecture)
    if seat is None:
        st.info(words.LEARN["no_lesson"], icon=":material/science:")
    else:
        DRAW[step.name](seat)
    way(step.link)
    quiz(step)
    turning(at)
    if seat is not None and step.name not in BY_HAND:
        offer_own(seat)


with shell.told():
    main()
