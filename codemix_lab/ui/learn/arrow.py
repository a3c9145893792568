"""Step 4: λ along the arrow, in the instrument of the page Explore with the cards that tell of λ."""

from __future__ import annotations

import streamlit as st

from codemix_lab.config import MergeSpec, ProbeSpec
from codemix_lab.experiments.grids import kept_grid
from codemix_lab.ui import explore, payload, words
from codemix_lab.ui.chart import numbers
from codemix_lab.ui.learn.seat import Seat

KEY = "lesson-instrument"
_ONLY_SCALING = """
.card.map, .card.layers, .card.confusion, .dial.density, .lead {display: none;}
.dials {grid-template-columns: 1fr;}
@container (min-width: 761px) {.card.sentences {grid-column: span 6;}}
"""

_mount = st.components.v2.component(
    "codemix_lesson_instrument", js=payload.script(), css=payload.style() + _ONLY_SCALING
)


def draw(seat: Seat) -> None:
    """The instrument, and the curve's numbers as a table."""
    lesson = seat.lesson
    spec = MergeSpec(lesson.base, lesson.adapted[:1], scaling=seat.scaling)
    grid = kept_grid(spec, seat.task, ProbeSpec())
    column = grid.column(1.0) if grid else None
    if grid is None or column is None:
        st.info(words.LEARN["no_curve"], icon=":material/tune:")
        return
    data = payload.payload(grid, spec, dials_density=False, cpt=grid.exact_at(1.0, 1.0))
    _mount(key=KEY, data=data, on_released_change=_take_over)
    with st.expander("Numbers", icon=":material/table_chart:"):
        numbers(explore.curve_table(grid, [column]), "lesson-curve")


def _take_over() -> None:
    """λ as it was let go becomes the λ of the lab, and goes into the URL."""
    value = (st.session_state[KEY].get("released") or {}).get("scaling")
    declared = MergeSpec.parameters()["scaling"]
    if isinstance(value, (int, float)) and declared.low is not None and declared.high is not None:
        st.session_state["scaling"] = min(declared.high, max(declared.low, float(value)))
