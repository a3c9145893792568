"""The dials of a merge, read from `MergeSpec` and the registry of methods, kept in the URL, the same on every page.

On *Explore* λ and density are turned in the instrument (`live.py`); their sliders stay hidden and carry
the values into the URL and to the other pages. What fewer people need is folded away under “More”; a
dial that the method does not read is hidden, and found where it was when it is read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st

from codemix_lab.config import MergeMethod, MergeSpec, Schedule, TiesPreset, TrimScope
from codemix_lab.config.merge import GROUPS
from codemix_lab.errors import CheckpointError, SpecError
from codemix_lab.ui.escape import plain
from codemix_lab.ui.merge_widgets import (
    WIDTH,
    choose_end,
    choose_free,
    choose_method,
    choose_preset,
    choose_schedule,
    choose_scope,
    choose_seed,
    choose_weight,
    dial,
    hidden,
    slider,
)
from codemix_lab.ui.picker import MOST_ADAPTED, Bench
from codemix_lab.ui.said import said

ENDS = {"first": 0.5, "last": 1.0}
"""Multipliers of the first and the last layer, where a schedule that needs them begins."""


@dataclass(frozen=True)
class Dialled:
    """Where every dial but the method stands; `weights` by place, with more of them than there are sources."""

    scaling: float
    density: float
    scope: TrimScope | None
    preset: TiesPreset
    seed: int
    weights: tuple[float, ...]
    schedule: Schedule
    depth: tuple[float, ...]
    groups: dict[str, float]
    options: dict[str, float]

    def merge(self, bench: Bench, method: MergeMethod) -> MergeSpec:
        """The merge by `method`, given what it reads. Raises `SpecError` where this cannot be meant."""
        read: dict[str, Any] = {name: getattr(self, name) for name in method.reads} | self.groups
        count = len(bench.adapted)
        spec = MergeSpec(
            base=bench.base,
            adapted=bench.adapted,
            method=method,
            scaling=self.scaling,
            weights=self.weights[:count] if count > 1 else (),
            schedule=self.schedule,
            depth=self.depth,
            options=tuple((name, self.options[name]) for name in method.option_names),
            **read,
        )
        if self.schedule is Schedule.FREE:
            from codemix_lab.training.starts import check_start

            with suppress(CheckpointError):  # a base that cannot be opened is told where it is opened
                check_start(spec)
        return spec


def dials(bench: Bench) -> MergeSpec:
    """Draw the method and what is folded away; the merge that these and the instrument's dials say.

    Raises `SpecError` where they cannot all be meant.
    """
    left, right = st.columns([1, 2], gap="medium", vertical_alignment="bottom")
    with left:
        method = choose_method(len(bench.adapted))
    with right:
        st.caption(plain(method.help))
    with hidden("dials"):
        scaling, density = dial("scaling", "λ"), dial("density", "density")
    spec = more(bench, [method], scaling, density).merge(bench, method)
    if told := said(spec):
        st.caption(f":material/tune: {plain('; '.join(told))}")
    return spec


def more(bench: Bench, methods: Collection[MergeMethod], scaling: float, density: float) -> Dialled:
    """Draw, folded away, what one of `methods` reads besides λ and density; the rest is carried along."""
    shown = st.expander("More", icon=":material/tune:")
    rows: dict[str, Any] = {}

    @contextmanager
    def place(row: str, visible: bool) -> Iterator[None]:
        if visible and row not in rows:
            rows[row] = shown.container(horizontal=True, gap="small", vertical_alignment="top")
        with rows[row] if visible else unread:
            yield

    read = {name for method in methods for name in (*method.reads, *method.option_names)}
    with hidden("more"):
        unread = st.container()
    with place("method", "preset" in read):
        preset = choose_preset()
    with place("method", "scope" in read):
        scope = choose_scope()
    with place("method", "seed" in read):
        seed = choose_seed()
    own = {option.name: option for method in MergeMethod for option in method.options}
    options = {}
    for name, option in own.items():
        with place("method", name in read):
            options[name] = slider(option, name, name)
    sources = len(bench.adapted)
    weights = []
    for number in range(MOST_ADAPTED):
        with place("weights", sources > 1 and number < sources):
            weights.append(choose_weight(number, bench.adapted[number] if number < sources else ""))
    with place("schedule", True):
        schedule = choose_schedule()
    ends = []
    for end, start in ENDS.items():
        with place(
            "schedule", schedule is Schedule.LINEAR or (schedule is Schedule.LINES and end == "first")
        ):
            ends.append(choose_end(end, start))
    with place("schedule", schedule is Schedule.FREE):
        free = choose_free()
    groups = {}
    for name in GROUPS:
        with place("groups", True):
            groups[name] = dial(name, f"× {name.replace('_', '-')}", width=WIDTH)
    wants = schedule.wants
    depth = layer_numbers(free) if wants is None else tuple(ends[:wants])
    return Dialled(scaling, density, scope, preset, seed, tuple(weights), schedule, depth, groups, options)


def carried() -> tuple[MergeMethod, Dialled]:
    """Keep all dials in the URL on a page that shows none, so that a reload there forgets nothing.

    Returns where they stand.
    """
    method = carried_method()
    with hidden("page"):
        scaling, density = dial("scaling", "λ"), dial("density", "density")
        return method, more(Bench("", (), ""), [], scaling, density)


def carried_method() -> MergeMethod:
    """Keep the method in the URL on a page that has no use for it, and return it."""
    with hidden("method"):
        return choose_method(None)


def reads_density(method: MergeMethod) -> bool:
    """Whether the density dial does something."""
    return "density" in method.reads


def layer_numbers(text: str) -> tuple[float, ...]:
    """Numbers that someone wrote for the layers, parted by commas or spaces. Raises `SpecError`.

    >>> layer_numbers("0.5, 0.75 1")
    (0.5, 0.75, 1.0)
    """
    try:
        return tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise SpecError(
            f"“{text}” is not understood: write one number for each layer, such as 0.5, 0.75, 1."
        ) from None
