"""Step 3: task vectors as arrows in the plane of three checkpoints, over the F1 of every model in it."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from codemix_lab.evaluation.plane import Plane
from codemix_lab.evaluation.surface import Surface
from codemix_lab.experiments.lessons import HEARD as HEARD_SENTENCES
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.escape import brief, plain, short
from codemix_lab.ui.learn import figures
from codemix_lab.ui.learn.look import readable
from codemix_lab.ui.learn.seat import Seat

F1_ON = "macro-F1 on "
MERGE = "merge"
HEARD = {"code_mixed": "Surprise at code-mixed text", "monolingual": "Surprise at monolingual text"}
INDEPENDENT = 75.0
"""Degrees from which two task vectors are called nearly independent here."""


def draw(seat: Seat) -> None:
    """The plane, its numbers in a sentence, and the map with arrows."""
    lesson = seat.lesson
    names = [short(ref) for ref in (lesson.base, *lesson.adapted)]
    with st.container(key="finding"):
        st.markdown(geometry(lesson.plane, names))
    heard = {kind: name for name, kind in HEARD.items()} if lesson.surprises else {}
    colours = [*(F1_ON + task for task in seat.tasks), *heard]
    colour = st.segmented_control(
        "Colour", colours, default=colours[0], key="colour", bind="query-params", required=True
    )
    if colour in heard:
        table = pd.DataFrame([asdict(point) for point in lesson.surprises])
        values = table.assign(value=table[heard[colour]])
        title, caption = (
            surprise_title(values),
            words.LEARN["heard"].format(heard=HEARD_SENTENCES),
        )
    else:
        surface = lesson.surfaces[str(colour or colours[0]).removeprefix(F1_ON)]
        table = surface_table(surface, names)
        values = table[table["model"] == MERGE].rename(columns={"macro_f1": "value"})
        title, caption = f1_title(surface), noise(surface)
    figure = figures.plane(lesson.plane, values, names, seat.scaling, title, colour in heard)
    chart(readable(figure, seat.lecture), table, "plane", caption)


def f1_title(surface: Surface) -> str:
    """How many of the merges are beyond the noise of the base."""
    base = surface.corners[0].macro_f1
    apart = sum(not point.low <= base <= point.high for point in surface.points)
    count = len(surface.points)
    return (
        f"{apart} of {count} merges leave the noise" if apart else f"All {count} merges are within the noise"
    )


def surprise_title(values: pd.DataFrame) -> str:
    """Where the surprise is lowest: how far along both arrows."""
    best = values.sort_values("value").to_dict("records")[0]
    sign = "+" if best["b"] >= 0 else "−"
    return f"Least surprise at base + {best['a']:.2f} τ₁ {sign} {abs(best['b']):.2f} τ₂".replace("-", "−")


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
    return pd.DataFrame([*rows, *({"model": MERGE, **asdict(point)} for point in surface.points)])
