"""The instrument on a page: mounts it, and takes λ and density over when they are let go."""

from __future__ import annotations

from typing import Any

import streamlit as st

from codemix_lab.config import MergeSpec
from codemix_lab.ui import payload

KEY = "instrument"
DIALS = ("scaling", "density")

_mount = st.components.v2.component("codemix_instrument", js=payload.script(), css=payload.style())


def instrument(data: dict[str, Any]) -> None:
    """Draw the instrument with the data of `payload.payload`."""
    _mount(key=KEY, data=data, on_released_change=_take_over)


def _take_over() -> None:
    """The dials of the page follow those of the instrument, and with them the address."""
    released = st.session_state[KEY].get("released") or {}
    for name in DIALS:
        declared, value = MergeSpec.parameters()[name], released.get(name)
        if isinstance(value, (int, float)) and declared.low is not None and declared.high is not None:
            st.session_state[name] = min(declared.high, max(declared.low, float(value)))
