"""A link that opens the view as it stands now, widgets at their defaults included."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

import streamlit as st


def parameters(keys: Iterable[str]) -> dict[str, list[str]]:
    """The query of this view: what is in the address, and where the widgets of these keys stand."""
    found = {name: st.query_params.get_all(name) for name in st.query_params}
    for key in keys:
        if key not in st.session_state:
            continue
        value = st.session_state[key]
        several = value if isinstance(value, (list, tuple)) else [value]
        if value is None or value == "":
            found.pop(key, None)
        else:
            found[key] = [str(one) for one in several] or [""]
    return found


def copy_link(keys: Iterable[str]) -> None:
    """Draw the link to this view, to be copied."""
    with st.popover("Link to this view", icon=":material/link:"):
        address = (st.context.url or "").partition("?")[0]
        st.code(f"{address}?{urlencode(parameters(keys), doseq=True)}", language=None, wrap_lines=True)
