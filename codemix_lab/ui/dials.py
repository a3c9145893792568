"""The dials of a merge, read from `MergeSpec` and kept in the URL, the same on every page.

On *Explore* λ and density are turned in the instrument (`live.py`); their sliders stay hidden and carry
the values into the URL and to the other pages.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from codemix_lab.config import MergeMethod, MergeSpec, TrimScope
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.words import HELP

METHODS = {MergeMethod.TASK_ARITHMETIC: "Task Arithmetic", MergeMethod.TIES: "TIES"}
SCOPES = {TrimScope.TENSOR: "each tensor by itself", TrimScope.GLOBAL: "the whole task vector"}


def dials(bench: Bench) -> MergeSpec:
    """Draw the method (scope folded away) and return the merge that it and the instrument's dials say."""
    method = _method()
    scope = TrimScope.TENSOR
    if reads_density(method):
        with st.expander("More about TIES"):
            scope = _scope()
    else:
        carried("scope")
    with st.container(key="carried-dials"):
        scaling, density = dial("scaling", "λ"), dial("density", "density")
    return MergeSpec(
        base=bench.base,
        adapted=bench.adapted,
        method=method,
        scaling=scaling,
        density=density if reads_density(method) else 1.0,
        scope=scope,
    )


def reads_density(method: MergeMethod) -> bool:
    """Whether the density dial does something."""
    return method is MergeMethod.TIES


def carried(*names: str) -> None:
    """Keep dials in the URL on a page that does not show them, so that a reload there forgets nothing."""
    with st.container(key="carried"):
        for name in names:
            if name == "method":
                _method()
            elif name == "scope":
                _scope()
            else:
                dial(name, name)


def _scope() -> TrimScope:
    return st.radio(
        "Spend the density over",
        list(SCOPES),
        format_func=SCOPES.__getitem__,
        key="scope",
        bind="query-params",
        horizontal=True,
        help=MergeSpec.parameters()["scope"].help,
    )


def _method() -> MergeMethod:
    return st.radio(
        "Method",
        list(METHODS),
        format_func=METHODS.__getitem__,
        key="method",
        bind="query-params",
        horizontal=True,
        help=HELP["method"],
    )


def dial(name: str, label: str, disabled: bool = False) -> float:
    """One slider of `MergeSpec`, with the range, step, default and help it declares."""
    declared: Any = MergeSpec.parameters()[name]
    return st.slider(
        label,
        min_value=float(declared.low),
        max_value=float(declared.high),
        value=float(declared.default),
        step=float(declared.step),
        key=name,
        bind="query-params",
        disabled=disabled,
        help=HELP["density_off"] if disabled else declared.help,
    )
