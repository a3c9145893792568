"""Figures: from a table to the JSON that the browser draws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from codemix_lab.ui.figures import bars, headlines, loss, matrices
from codemix_lab.ui.figures.style import framed


def test_every_axis_has_a_title_and_every_figure_one() -> None:
    figures = [
        matrices.confusion(np.eye(2), ["a", "b"], "Confusion"),
        bars.class_f1({"base": {"a": 0.5}}),
        loss.loss_curves({"base, seed 0": [{"step": 1, "loss": 1.0}]}),
    ]
    for figure in figures:
        assert figure.layout.title.text
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text


def test_the_first_of_several_lines_of_a_title_stands_below_the_edge() -> None:
    for lines in (2, 3):
        layout = framed(go.Figure(), " ".join(["word " * 8] * lines), height=300).layout
        assert layout.title.text.count("<br>") == lines - 1
        assert (1 - layout.title.y) * layout.height == pytest.approx(19)


def test_confusion_writes_counts_and_shares_into_the_cells() -> None:
    drawn = matrices.confusion(np.array([[3, 1], [0, 0]]), ["neg", "pos"], "Confusion")
    assert list(drawn.data[0].text[0]) == ["3<br>75%", "1<br>25%"]
    assert list(drawn.data[0].text[1]) == ["0<br>0%", "0<br>0%"]


def test_a_cell_without_a_score_is_a_dash() -> None:
    drawn = matrices.transfer_map(np.array([[0.5, np.nan]]), ["m"], ["en-hi", "en-es"], "Transfer")
    assert list(drawn.data[0].text[0]) == [".50", "–"]
    assert matrices.transfer_map(np.array([[np.nan]]), ["m"], ["t"], "Transfer").data[0].zmin == 0


def test_labels_of_users_are_never_markup() -> None:
    drawn = matrices.confusion(np.eye(2), ["<b>x</b>", "a & b"], "Confusion").to_json()
    assert "<b>x" not in drawn


def test_one_seed_has_no_error_bar() -> None:
    summary = pd.DataFrame(
        {"start": ["base"], "split": ["test"], "mean": [0.5], "low": [math.nan], "high": [math.nan]}
    )
    runs = pd.DataFrame({"start": ["base"], "split": ["test"], "seed": [0], "macro_f1": [0.5]})
    assert bars.starts_over_seeds(summary, runs, "test").data[1].error_x.array is None


def test_runs_of_one_start_share_a_colour() -> None:
    point = [{"step": 1, "loss": 1.0}]
    drawn = loss.loss_curves({"base, seed 0": point, "CPT, seed 0": point, "base, seed 1": point})
    colours = [trace.line.color for trace in drawn.data]
    assert colours[0] == colours[2] != colours[1]


def test_a_long_title_goes_on_in_a_second_line() -> None:
    labels = ["very negative indeed", "very positive indeed"]
    title = headlines.confusion(np.array([[3, 1], [9, 0]]), labels, "test, all seeds")
    drawn = matrices.confusion(np.array([[3, 1], [9, 0]]), labels, title)
    lines = drawn.layout.title.text.split("<br>")
    assert len(lines) > 1 and max(map(len, lines)) <= 46 and " ".join(lines) == title
    assert drawn.layout.margin.t > matrices.confusion(np.eye(2), labels, "short").layout.margin.t
