"""The dials of a merge, read from `MergeSpec` and the registry of methods, kept in the URL, the same on every page.

On *Explore* λ and density are turned in the instrument (`live.py`); their sliders stay hidden and carry
the values into the URL and to the other pages. What fewer people need is folded away under “More”; a
dial that the method does not read is hidden, and found where it was when it is read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamlit as st

from codemix_lab.config import MergeMethod, MergeSpec, Schedule, TiesPreset, TrimScope
from codemix_lab.config.merge import GROUPS
from codemix_lab.config.spec import Parameter
from codemix_lab.errors import SpecError
from codemix_lab.ui.escape import plain, short
from codemix_lab.ui.picker import MOST_ADAPTED, Bench
from codemix_lab.ui.said import said
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
ENDS = {"first": 0.5, "last": 1.0}
"""Multipliers of the first and the last layer, where a schedule that needs them begins."""

LEAST_WEIGHT = -1.0
"""A slider goes no lower: a whole task vector taken away."""

WIDTH = 190


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
        return MergeSpec(
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


def dials(bench: Bench) -> MergeSpec:
    """Draw the method and what is folded away; the merge that these and the instrument's dials say.

    Raises `SpecError` where they cannot all be meant.
    """
    left, right = st.columns([1, 2], gap="medium", vertical_alignment="bottom")
    with left:
        method = _method(len(bench.adapted))
    with right:
        st.caption(plain(method.help))
    with _hidden("dials"):
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
        with rows[row] if visible else hidden:
            yield

    read = {name for method in methods for name in (*method.reads, *method.option_names)}
    with _hidden("more"):
        hidden = st.container()
    with place("method", "preset" in read):
        preset = _preset()
    with place("method", "scope" in read):
        scope = _scope()
    with place("method", "seed" in read):
        seed = _seed()
    own = {option.name: option for method in MergeMethod for option in method.options}
    options = {}
    for name, option in own.items():
        with place("method", name in read):
            options[name] = _slider(option, name, name)
    sources = len(bench.adapted)
    weights = []
    for number in range(MOST_ADAPTED):
        with place("weights", sources > 1 and number < sources):
            weights.append(_weight(number, bench.adapted[number] if number < sources else ""))
    with place("schedule", True):
        schedule = _schedule()
    ends = []
    for end, start in ENDS.items():
        with place(
            "schedule", schedule is Schedule.LINEAR or (schedule is Schedule.LINES and end == "first")
        ):
            ends.append(_end(end, start))
    with place("schedule", schedule is Schedule.FREE):
        free = _free()
    groups = {}
    for name in GROUPS:
        with place("groups", True):
            groups[name] = dial(name, f"× {name.replace('_', '-')}", width=WIDTH)
    wants = schedule.wants
    depth = layer_numbers(free) if wants is None else tuple(ends[:wants])
    return Dialled(scaling, density, scope, preset, seed, tuple(weights), schedule, depth, groups, options)


def carried() -> None:
    """Keep all dials in the URL on a page that shows none, so that a reload there forgets nothing."""
    carried_method()
    with _hidden("page"):
        dial("scaling", "λ")
        dial("density", "density")
        more(Bench("", (), ""), [], 0.0, 1.0)


def carried_method() -> None:
    """Keep the method in the URL on a page that has no use for it."""
    with _hidden("method"):
        _method(None)


def fitting(count: int) -> list[MergeMethod]:
    """The methods that can merge this many task vectors."""
    return [method for method in MergeMethod if method.fewest <= count <= method.most]


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


def dial(name: str, label: str, disabled: bool = False, width: int | None = None) -> float:
    """One slider of `MergeSpec`, with the range, step, default and help it declares."""
    return _slider(
        MergeSpec.parameters()[name],
        name,
        label,
        disabled=disabled,
        width=width or "stretch",
        help=HELP["density_unread"] if disabled else None,
    )


def _slider(
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


def _method(count: int | None) -> MergeMethod:
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


def _preset() -> TiesPreset:
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


def _scope() -> TrimScope | None:
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


def _seed() -> int:
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


def _weight(number: int, ref: str) -> float:
    declared = MergeSpec.parameters()["weights"]
    label = f"Weight of {plain(short(ref))}"
    return _slider(declared, f"weight_{number + 1}", label, low=LEAST_WEIGHT, value=1.0)


def _schedule() -> Schedule:
    return st.selectbox(
        "λ over the layers",
        list(SCHEDULES),
        format_func=SCHEDULES.__getitem__,
        key="schedule",
        bind="query-params",
        width=WIDTH,
        help=HELP["schedule"],
    )


def _end(end: str, start: float) -> float:
    return _slider(MergeSpec.parameters()["depth"], f"depth_{end}", f"× {end} layer", value=start)


def _free() -> str:
    return st.text_input(
        "× each layer, first to last",
        key="depth",
        bind="query-params",
        placeholder="0.5, 0.75, 1",
        max_chars=1000,
        help=HELP["free"],
    )


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """A part of the page that is there for the URL alone."""
    with st.container(key=f"carried-{name}"):
        yield
