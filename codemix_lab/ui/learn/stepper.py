"""Where in the lesson one is: the step in the URL, the stepper in the browser, next and previous by key."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from codemix_lab.ui.learn.script import StepWords, steps

KEY = "stepper"
PARAM = "step"

_HERE = Path(__file__)
_mount = st.components.v2.component(
    "codemix_stepper",
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
)


def current() -> int:
    """The step that the URL names, counted from 1; the first where it names none."""
    asked = st.query_params.get(PARAM, "1")
    return min(len(steps()), max(1, int(asked))) if asked.isdecimal() and asked.isascii() else 1


def go(step: int) -> None:
    """Turn to a step: its number goes into the URL."""
    st.query_params[PARAM] = str(step)


def stepper(at: int, lecture: bool) -> StepWords:
    """Draw the stepper and return the words of the step `at`."""
    words = steps()[at - 1]
    data = {"steps": [step.short for step in steps()], "at": at, "title": words.title, "lecture": lecture}
    _mount(key=KEY, data=data, on_to_change=_turn)
    return words


def turning(at: int) -> None:
    """Buttons to the step before and the next one."""
    with st.container(horizontal=True, horizontal_alignment="distribute", key="turning"):
        if at > 1:
            name = steps()[at - 2].short
            st.button(name, icon=":material/arrow_back:", key="previous", on_click=go, args=(at - 1,))
        if at < len(steps()):
            st.button(
                steps()[at].short,
                icon=":material/arrow_forward:",
                icon_position="right",
                type="primary",
                key="next",
                on_click=go,
                args=(at + 1,),
            )


def _turn() -> None:
    to = st.session_state[KEY].get("to")
    if isinstance(to, (int, float)) and 1 <= to <= len(steps()):
        go(int(to))
