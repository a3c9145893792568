"""From a step to the real page: a button that turns the lab's dials and goes there."""

from __future__ import annotations

from typing import Any

import streamlit as st

from codemix_lab.config import MergeMethod
from codemix_lab.ui.learn.script import Link
from codemix_lab.ui.learn.stepper import PARAM
from codemix_lab.ui.words import PAGES

OWN = (PARAM, "lecture")
"""What the lesson keeps in the URL and other pages have no use for."""


def way(link: Link) -> None:
    """The button; the dials that the step names are turned first, everything else stays as it is.

    Dials that are on this page write themselves into the next address; the others are named in it.
    """
    page = PAGES[link.page]
    if st.button(link.label, icon=page.icon, type="tertiary", key="way", on_click=_turn, args=(link,)):
        now = {name: st.query_params.get_all(name) for name in st.query_params if name not in OWN}
        free = {name: asked for name, asked in {**now, **link.query}.items() if name not in st.session_state}
        st.switch_page(page.path, query_params=free)


def _turn(link: Link) -> None:
    """Dials that this page carries along follow the link; a value in the address alone would not count here."""
    for name, asked in link.query.items():
        if name in ("method", "scaling", "density", "adapted"):
            st.session_state[name] = value(name, asked)


def value(name: str, asked: str | list[str]) -> Any:
    """What a dial holds for what the address says.

    >>> value("method", "TIES"), value("density", "0.3"), value("adapted", ["a", "b"])
    (<MergeMethod.TIES: 'ties'>, 0.3, ['a', 'b'])
    """
    if isinstance(asked, list):
        return asked
    return next(m for m in MergeMethod if m.label == asked) if name == "method" else float(asked)
