"""What every page has around it: title, ways to the other pages, the bench, and errors in plain words."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec

import streamlit as st

from codemix_lab import __version__
from codemix_lab.errors import CodeMixLabError
from codemix_lab.ui import heavy
from codemix_lab.ui.allowed import read_only
from codemix_lab.ui.escape import plain
from codemix_lab.ui.picker import Bench, picker
from codemix_lab.ui.words import PAGES, READ_ONLY

P = ParamSpec("P")

_STYLE = """
<style>
.stMainBlockContainer {padding-top: 3.2rem; padding-bottom: 3rem; max-width: 1280px;}
.stMain h1 {font-size: 1.75rem; letter-spacing: -0.015em; padding: 0.4rem 0 0;}
[data-testid="stMetricValue"] {font-variant-numeric: tabular-nums; font-size: 1.9rem; letter-spacing: -0.02em;}
[data-testid="stMetricLabel"] {opacity: 0.75;}
.st-key-finding p {font-size: 1.12rem; line-height: 1.5; font-variant-numeric: tabular-nums;}
.st-key-finding [data-testid="stCaptionContainer"] p {font-size: 0.9rem;}
.st-key-finding {border-left: 3px solid var(--st-primary-color, #17a08c); padding-left: 0.9rem;}
[class*="st-key-carried"] {display: none;}
.stApp [data-testid="stCaptionContainer"] {opacity: 1;}
.stApp [data-testid="stCaptionContainer"] p {color: light-dark(#565d5a, #a9b0ad);}
.stApp [data-testid^="stBaseButton-primary"] :is(p, span), [data-tag] :is(span, button) {color: light-dark(#fbfbf9, #121617);}
.stApp [data-testid="stCode"] .token.token {color: light-dark(#35514b, #b9c9c4);}
.stApp [data-testid="stCode"] .token.token.keyword {color: light-dark(#0a7065, #35c2ad);}
.stApp [data-testid="stCode"] .token.token:is(.string, .number, .boolean) {color: light-dark(#8a4b08, #f0b26a);}
.stMain {--lab-stick: 3.2rem;}
.st-key-dials {padding-bottom: 1.1rem;}
.st-key-ways {border-bottom: 1px solid var(--st-border-color, #8884);}
.st-key-ways [data-testid="stPageLink"] p {font-weight: 500;}
@media (max-width: 640px) {
  .stMainBlockContainer {padding: 4.2rem 1rem 2rem;}
  .stMain h1 {font-size: 1.4rem;}
}
</style>
"""


def page(name: str, needs_libraries: bool = True) -> Bench:
    """Draw the frame of the page `name` and return the bench.

    The frame comes first and is there within a second; the libraries behind a page, which take
    several on the first visit after a start, are loaded under it.
    """
    words = PAGES[name]
    st.set_page_config(page_title=f"{words.title} · CodeMix Lab", page_icon=words.emoji, layout="wide")
    st.html(_STYLE)
    with st.container(horizontal=True, gap="small", key="ways"):
        for way in PAGES.values():
            st.page_link(way.path, label=way.title, icon=way.icon)
    with st.sidebar:
        st.markdown("### CodeMix Lab")
        st.caption("Model merging for code-mixed text")
        try:
            bench, refused = picker(), ""
        except CodeMixLabError as error:
            bench, refused = Bench("", (), ""), str(error)
        st.caption(f"Version {__version__} · all work stays on this machine")
    st.title(words.question)
    st.caption(words.intro)
    if read_only():
        st.info(READ_ONLY, icon=":material/visibility:")
    if refused:
        st.error(plain(refused), icon=":material/error:")
        st.stop()
    if needs_libraries and not heavy.loaded():
        with st.spinner("Loading the libraries, once after a start …"):
            heavy.load()
    return bench


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Show an error of the lab as its sentence, without a traceback; a bug still shows as one."""
    try:
        yield
    except CodeMixLabError as error:
        st.error(plain(str(error)), icon=":material/error:")


def fragment(draw: Callable[P, None], run_every: float | None = None) -> Callable[P, None]:
    """`draw` as a part of the page that reruns alone, with errors told as on the page."""

    @functools.wraps(draw)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        with told():
            draw(*args, **kwargs)

    return st.fragment(guarded, run_every=run_every)
