"""Step 7: what English–Hindi reading does for pairs that neither probe nor task vector has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from codemix_lab.config import ProbeSpec
from codemix_lab.experiments.lessons import Carried
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.escape import brief, plain
from codemix_lab.ui.learn import figures
from codemix_lab.ui.learn.look import readable
from codemix_lab.ui.learn.seat import Seat


def draw(seat: Seat) -> None:
    """Scores and paired gains by pair, and in a sentence what they show."""
    rows = seat.lesson.transfer
    table = pd.DataFrame([asdict(row) for row in rows]).rename(columns={"scaling": "λ"})
    with st.container(key="finding"):
        st.markdown(finding(rows))
    probe = words.LEARN["probe"].format(train=ProbeSpec().train_size, task=plain(rows[0].task))
    left, right = st.columns(2, gap="medium")
    top = max(rows, key=lambda row: row.macro_f1)
    gained = [row for row in rows if row.scaling > 0]
    with left:
        title = f"Highest: {brief(top.macro_f1)} on {top.task} at λ = {top.scaling:g}"
        scores = figures.transfer(table, title, "macro_f1", "macro-F1, 95 % interval")
        chart(readable(scores, seat.lecture), table, "lesson-transfer", probe)
    with right:
        title = f"{len(beyond(gained))} of {len(gained)} gains over the base are sure"
        gains = table[table["λ"] > 0]
        figure = figures.transfer(gains, title, "gain", "difference in macro-F1, same sentences")
        chart(readable(figure, seat.lecture), gains, "lesson-gain", words.LEARN["gain"])


def beyond(rows: Sequence[Carried]) -> list[Carried]:
    """Those whose interval of the gain leaves out zero."""
    return [row for row in rows if row.gain_low > 0 or row.gain_high < 0]


def finding(rows: Sequence[Carried]) -> str:
    """Which gains of whole CPT are beyond chance, with their intervals, and which are not."""
    whole = [row for row in rows if row.scaling == 1 and row.task != rows[0].task]
    sure = beyond(whole)
    told = "; ".join(
        f"**{plain(row.task)}** {signed(row.gain)} ({signed(row.gain_low)} to {signed(row.gain_high)})"
        for row in whole
    )
    verdict = (
        f"{len(sure)} of these {len(whole)} intervals leave out zero."
        if sure
        else "Every interval holds zero: on this many sentences nothing is shown either way."
    )
    return f"Whole CPT on {plain(rows[0].task)} against the base: {told}. {verdict}"


def signed(value: float) -> str:
    """A difference with its sign.

    >>> signed(0.042), signed(-0.1)
    ('+.04', '−.10')
    """
    return ("+" if value >= 0 else "") + brief(value)
