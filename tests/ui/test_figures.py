"""Figures: from a table to the JSON that the browser draws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from codemix_lab.ui.figures import bars, headlines, learning, loss, matrices, over_lambda, parallel
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


def test_learning_curves_have_a_line_a_regime_and_a_band_where_seeds_allow_one() -> None:
    rows = [
        {"train_size": size, "name": name, "mean": 0.5, "low": low, "high": 0.6}
        for size in (50, 100)
        for name, low in (("Full fine-tuning", 0.4), ("TIES → FT", math.nan))
    ]
    drawn = learning.learning_curves(pd.DataFrame(rows), "Curves")
    lines = [trace for trace in drawn.data if trace.mode == "lines+markers"]
    bands = [trace for trace in drawn.data if trace.fill == "toself"]
    assert [line.name for line in lines] == ["Full fine-tuning", "TIES → FT"] and len(bands) == 1
    assert list(bands[0].x) == [50, 100, 100, 50] and list(bands[0].y) == [0.6, 0.6, 0.4, 0.4]
    assert list(drawn.layout.xaxis.ticktext) == ["50", "100"] and drawn.layout.xaxis.type == "log"


def test_parallel_axes_put_values_in_order_and_unread_fields_first() -> None:
    runs = pd.DataFrame(
        {
            "regime": ["TIES", "Full", "Full"],
            "scaling": [0.6, math.nan, math.nan],
            "train_size": [100, 50, 100],
            "test": [0.6, 0.5, math.nan],
        }
    )
    drawn = parallel.parallel_runs(runs, ["regime", "scaling", "train_size"], "test", "Runs").data[0]
    told = [(list(axis.ticktext or ()), list(axis["values"])) for axis in drawn.dimensions]
    assert told == [
        (["Full", "TIES"], [1, 0]),
        (["–", "0.6"], [1, 0]),
        (["50", "100"], [1, 0]),
        ([], [0.6, 0.5]),
    ]
    assert drawn.dimensions[1].label == "λ"


def test_a_fine_tuned_curve_dashes_what_is_predicted() -> None:
    points = pd.DataFrame(
        {
            "seed": [0, 0, 0, 1, 1, 1],
            "scaling": [0.0, 0.5, 1.0] * 2,
            "macro_f1": [0.4, 0.5, 0.6, 0.6, 0.5, 0.4],
            "fine_tuned": [True, False, True] * 2,
        }
    )
    checks = pd.DataFrame({"seed": [0], "scaling": [0.5], "fine_tuned": [0.52]})
    drawn = over_lambda.tuned_curve(points, checks, "Curve")
    by_name = {trace.name: trace for trace in drawn.data}
    assert by_name["predicted"].line.dash == "dash" and list(by_name["predicted"].y) == [0.5] * 3
    assert list(by_name["fine-tuned"].x) == [0.0, 1.0, 0.0, 1.0]
    assert list(by_name["fine-tuned to check"].y) == [0.52]
    assert len(over_lambda.tuned_curve(points[points["seed"] == 0], pd.DataFrame(), "Curve").data) == 2
