"""Data: what is in a file, and how much it mixes."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("data")

import streamlit as st

from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.registry import registered_names
from codemix_lab.ui import data, words
from codemix_lab.ui.allowed import may_open, read_only
from codemix_lab.ui.corpus import CORPUS, choices, open_shown
from codemix_lab.ui.mixer import mixer
from codemix_lab.ui.picker import Bench, uploader, with_chosen
from codemix_lab.ui.uploads import kept_uploads

NOTHING = "nothing"
GUESSED = "by its name"


def main() -> None:
    """The page from top to bottom."""
    with st.container(border=True, key="dials"):
        source, beside, pair = choose(bench)
    found = open_shown(source, pair)
    other = open_shown(beside, pair) if beside else None
    data.recognised(found)
    if source.startswith(CORPUS) or (found.profile is not None and found.profile.use == "corpus"):
        data.offer_to_adapt(source)
    else:
        st.button(
            "Use this on every page",
            icon=":material/move_down:",
            key="use-this",
            on_click=use,
            args=(source,),
            disabled=source == bench.task,
            help=words.DATA_HELP["use"],
        )
    st.subheader("Sentences")
    shell.fragment(data.sentences)(found)
    st.subheader("How it is spread" if other is None else "Side by side")
    data.spread(found, other)
    st.subheader("Make a mixture")
    shell.fragment(mixer)(found)


def choose(bench: Bench) -> tuple[str, str | None, str | None]:
    """What to look at, what to put beside it, and the pair when its name does not say it."""
    options = list(dict.fromkeys([bench.task, *choices(), *registered_names(), *kept_uploads()]))
    left, middle, right = st.columns([4, 4, 2], gap="small")
    source = left.selectbox(
        "Look at",
        with_chosen(options, "data"),
        key="data",
        bind="query-params",
        accept_new_options=not read_only(),
        help=words.DATA_HELP["data"],
    )
    beside = middle.selectbox(
        "Beside it",
        with_chosen([NOTHING, *options], "beside"),
        key="beside",
        bind="query-params",
        accept_new_options=not read_only(),
        help=words.DATA_HELP["beside"],
    )
    uploader("Or drop a file to look at", "data-upload", "data", help=words.DATA_HELP["upload"])
    pairs = [GUESSED, *(code for code, known in PAIRS.items() if len(known.languages) == 2)]
    pair = right.selectbox("Language pair", pairs, key="pair", bind="query-params")
    return (
        may_open(str(source or bench.task), options),
        None if beside in (None, NOTHING) else may_open(str(beside), options),
        None if pair == GUESSED else str(pair),
    )


def use(source: str) -> None:
    """Put the task on the bench, which all pages work on."""
    st.session_state["task"] = source


with shell.told():
    main()
