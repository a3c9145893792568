"""One widget for each field of a merge, with what its spec declares, its value kept in the URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from codemix_lab.config import MergeMethod, MergeSpec, Schedule, TiesPreset, TrimScope
from codemix_lab.config.spec import Parameter
from codemix_lab.ui.escape import plain, short
from codemix_lab.ui.words import HELP

OWN = "the method's own"
SCOPES = {
    OWN: OWN,
    TrimScope.TENSOR: "each tensor by itself",
    TrimScope.LAYER: "each layer",
    TrimScope.GLOBAL: "the whole task vector",
}
SCHEDULES = {
    Schedule.CONSTANT: "the same everywhere",
    Schedule.LINEAR: "linear",
    Schedule.LINES: "LiNeS",
    Schedule.FREE: "free",
}
LEAST_WEIGHT = -1.0
"""A slider goes no lower: a whole task vector taken away."""

WIDTH = 190


def fitting(count: int) -> list[MergeMethod]:
    """The methods that can merge this many task vectors."""
    return [method for method in MergeMethod if method.fewest <= count <= method.most]


def dial(name: str, label: str, disabled: bool = False, width: int | None = None) -> float:
    """One slider of `MergeSpec`, with the range, step, default and help it declares."""
    return slider(
        MergeSpec.parameters()[name],
        name,
        label,
        disabled=disabled,
        width=width or "stretch",
        help=HELP["density_unread"] if disabled else None,
    )


def slider(
    declared: Parameter,
    key: str,
    label: str,
    *,
    low: float | None = None,
    value: float | None = None,
    disabled: bool = False,
    width: Any = WIDTH,
    help: str | None = None,
) -> float:
    """A slider with the range, step, default and help that a parameter declares, unless told otherwise."""
    least: Any = declared.low if low is None else low
    most: Any = declared.high
    step: Any = declared.step
    return st.slider(
        label,
        min_value=float(least),
        max_value=float(most),
        value=float(declared.default if value is None else value),
        step=float(step),
        key=key,
        bind="query-params",
        disabled=disabled,
        width=width,
        help=help or declared.help,
    )


def choose_method(count: int | None) -> MergeMethod:
    """The method, of those that fit; one that was chosen and fits no longer stays, and the merge says why."""
    asked = {st.session_state.get("method"), st.query_params.get("method")}
    return st.selectbox(
        "Method",
        [m for m in MergeMethod if count is None or m in fitting(count) or asked & {m, m.label}],
        format_func=lambda method: method.label,
        key="method",
        bind="query-params",
        help="\n".join(f"- **{method.label}**: {method.help}" for method in MergeMethod),
    )


def choose_preset() -> TiesPreset:
    """Whose TIES."""
    chosen: Any = st.selectbox(
        "Signs and averages as in",
        list(TiesPreset),
        format_func=lambda preset: preset.label,
        key="preset",
        bind="query-params",
        width=WIDTH,
        help=MergeSpec.parameters()["preset"].help,
    )
    return TiesPreset(chosen)


def choose_scope() -> TrimScope | None:
    """Over what the density is spent; None leaves it to the preset."""
    chosen = st.selectbox(
        "Spend the density over",
        list(SCOPES),
        format_func=SCOPES.__getitem__,
        key="scope",
        bind="query-params",
        width=WIDTH,
        help=MergeSpec.parameters()["scope"].help,
    )
    return None if chosen == OWN else TrimScope(chosen)


def choose_seed() -> int:
    """The seed of methods that drop by chance."""
    declared: Any = MergeSpec.parameters()["seed"]
    return int(
        st.number_input(
            "Seed of the drop",
            min_value=int(declared.low),
            max_value=int(declared.high),
            value=int(declared.default),
            step=int(declared.step),
            key="seed",
            bind="query-params",
            width=WIDTH,
            help=declared.help,
        )
    )


def choose_weight(number: int, ref: str) -> float:
    """The weight of a source, by its place."""
    declared = MergeSpec.parameters()["weights"]
    label = f"Weight of {plain(short(ref))}"
    return slider(declared, f"weight_{number + 1}", label, low=LEAST_WEIGHT, value=1.0)


def choose_schedule() -> Schedule:
    """How λ runs over the layers."""
    return st.selectbox(
        "λ over the layers",
        list(SCHEDULES),
        format_func=SCHEDULES.__getitem__,
        key="schedule",
        bind="query-params",
        width=WIDTH,
        help=HELP["schedule"],
    )


def choose_end(end: str, start: float) -> float:
    """The multiplier of λ at one end of the layers."""
    return slider(MergeSpec.parameters()["depth"], f"depth_{end}", f"× {end} layer", value=start)


def choose_free() -> str:
    """Multipliers of λ for all layers, as text."""
    return st.text_input(
        "× each layer, first to last",
        key="depth",
        bind="query-params",
        placeholder="0.5, 0.75, 1",
        max_chars=1000,
        help=HELP["free"],
    )


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """A part of the page that is there for the URL alone."""
    with st.container(key=f"carried-{name}"):
        yield
