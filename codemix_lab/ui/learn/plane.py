"""Step 3: task vectors as arrows in the plane of three checkpoints, over the F1 of every model in it."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from codemix_lab.evaluation.plane import Plane
from codemix_lab.evaluation.surface import Surface
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.escape import brief, plain, short
from codemix_lab.ui.learn import figures
from codemix_lab.ui.learn.look import readable
from codemix_lab.ui.learn.seat import Seat

INDEPENDENT = 75.0
"""Degrees from which two task vectors are called nearly independent here."""


def draw(seat: Seat) -> None:
    """The plane, its numbers in a sentence, and the map with arrows."""
    lesson = seat.lesson
    task = seat.tasks[0]
    if len(seat.tasks) > 1:
        chosen = st.segmented_control(
            "Colour by macro-F1 on", seat.tasks, default=task, key="surface", bind="query-params"
        )
        task = chosen or task
    surface = lesson.surfaces[task]
    names = [short(ref) for ref in (lesson.base, *lesson.adapted)]
    with st.container(key="finding"):
        st.markdown(geometry(lesson.plane, names))
    title = f"Macro-F1 on {plain(task)} over the plane of {len(surface.points)} merges"
    figure = readable(figures.plane(lesson.plane, surface, names, seat.scaling, title), seat.lecture)
    chart(figure, surface_table(surface, names), "plane", noise(surface))


def geometry(plane: Plane, names: list[str]) -> str:
    """Lengths and angle in a sentence."""
    one, other = map(plain, names[1:])
    relation = (
        "nearly at right angles: they changed mostly different things"
        if plane.angle >= INDEPENDENT
        else "clearly less than a right angle: part of what they changed is the same"
    )
    return (
        f"‖τ₁‖ = **{plane.first:.2f}** ({one}), ‖τ₂‖ = **{plane.second:.2f}** ({other}), "
        f"angle **{plane.angle:.0f}°** (cosine {brief(plane.cosine)}): {relation}."
    )


def noise(surface: Surface) -> str:
    """How much of the colours chance alone would make."""
    best = surface.best
    return (
        words.LEARN["noise"]
        .format(
            sentences=surface.sentences,
            spread=brief(surface.spread),
            best=brief(best.macro_f1),
            low=brief(best.low),
            high=brief(best.high),
            a=f"{best.a:.2f}",
            b=f"{best.b:.2f}",
        )
        .replace("-", "−")
    )


def surface_table(surface: Surface, names: list[str]) -> pd.DataFrame:
    """Every scored merge: where it lies, its weights a and b, macro-F1 and the interval; corners first."""
    rows = [{"model": name, **asdict(corner)} for name, corner in zip(names, surface.corners, strict=True)]
    return pd.DataFrame([*rows, *({"model": "merge", **asdict(point)} for point in surface.points)])
