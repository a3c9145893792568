"""The starter on the screen: say that it is missing, and fetch it on request."""

from __future__ import annotations

import streamlit as st

from codemix_lab.ui import jobs, words
from codemix_lab.ui.allowed import read_only


def offer_starter() -> None:
    """What the starter is, the button that fetches it, and how far that is."""
    st.info(words.NO_STARTER, icon=":material/download:")
    if not read_only() and st.button("Fetch the starter", type="primary", key="fetch-starter"):
        jobs.submit("starter", {}, "fetch the starter")
        st.rerun()
    job = jobs.latest("starter")
    if job is not None:
        jobs.watch(job)
