"""“What text do you have?”: the paper's three data regimes, each with a recipe that fills in the fields below."""

from __future__ import annotations

from typing import Any

import streamlit as st

from codemix_lab.experiments.advice import Advice, Case, advise
from codemix_lab.experiments.regime_choice import ALWAYS
from codemix_lab.ui import words
from codemix_lab.ui.escape import plain
from codemix_lab.ui.picker import Bench

_TITLES = {case.heading: case for case in Case}


def advisor(bench: Bench, english: str | None, target: str | None) -> None:
    """Draw the choice and, where one is made, the recipe with its evidence and a button that fills it in."""
    left, right = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with left:
        title = st.segmented_control(
            "What text do you have?", list(_TITLES), key="case", bind="query-params", help=words.HELP["case"]
        )
    if title is None:
        return
    with right:
        labelled = int(
            st.number_input(
                "Labelled train sentences", 2, 1_000_000, 200, 50, key="labelled", bind="query-params"
            )
        )
    found = advise(_TITLES[title], labelled, english, bench.adapted, target)
    with st.container(border=True, key="advice"):
        st.markdown(plain(found.recipe))
        for line in found.missing:
            st.warning(plain(line), icon=":material/hourglass_empty:")
        chosen = ", ".join(regime.label for regime in found.regimes)
        sizes = ", ".join(map(str, found.train_sizes))
        st.markdown(f"**{plain(chosen)}** with {plain(sizes)} train sentences and {found.seeds} seeds.")
        st.button(
            "Fill this in below",
            icon=":material/south:",
            key="fill-in",
            on_click=fill_in,
            args=(found,),
        )
        with st.expander("What this rests on", icon=":material/menu_book:"):
            told = {
                "The paper, on XLM-R and Llama-3.2-1B": found.paper,
                "This lab, on the starter": found.here,
                "Besides": found.next,
            }
            for heading, lines in told.items():
                st.markdown("\n".join([f"**{heading}**", "", *(f"- {plain(line)}" for line in lines)]))


def fill_in(found: Advice) -> None:
    """Put the recipe into the fields of the page."""
    listed: dict[str, Any] = {"train_sizes": found.train_sizes, **found.settings}
    st.session_state["regimes"] = [regime.label for regime in found.regimes if regime not in ALWAYS]
    for name in ("train_sizes", "scalings", "densities"):
        if name in listed:
            st.session_state[name] = ", ".join(f"{value:g}" for value in listed[name])
    st.session_state["regime_seeds"] = found.seeds
