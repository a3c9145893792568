"""Whole numbers of a spec as input fields, kept in the URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

from codemix_lab.config import Spec


def number(spec: type[Spec], name: str, label: str, help: str | None = None, disabled: bool = False) -> int:
    """A field for the parameter `name` of `spec`, with the range, step, default and help it declares."""
    declared: Any = spec.parameters()[name]
    return int(
        st.number_input(
            label,
            min_value=int(declared.low),
            max_value=int(declared.high),
            value=int(declared.default),
            step=int(declared.step),
            key=name,
            bind="query-params",
            disabled=disabled,
            help=help or declared.help,
        )
    )
