"""Figures: from a table to the JSON that the browser draws."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd

from codemix_lab.ui.figures import bars, curve, loss, matrices
from codemix_lab.ui.readings import COLUMNS

POINTS = pd.DataFrame(
    [
        (0.0, 0.5, 0.4, 0.6, 90.0, 20.0, True),
        (0.5, 0.55, 0.45, 0.65, 70.0, 22.0, False),
        (1.5, 0.4, 0.3, 0.5, 60.0, 30.0, True),
    ],
    columns=COLUMNS,
)


def test_exact_points_are_filled_and_the_line_between_is_dashed() -> None:
    drawn = json.loads(curve.f1_curve(POINTS, POINTS[1:2]).to_json())
    by_name = {trace.get("name"): trace for trace in drawn["data"]}
    assert by_name["predicted"]["line"]["dash"] == "dash"
    assert by_name["exact"]["mode"] == "markers"
    assert len(curve.f1_curve(POINTS, POINTS[1:2]).data[2].x) == 2
    assert drawn["data"][-1]["marker"]["symbol"] == "diamond-open"
    assert [s["x0"] for s in drawn["layout"]["shapes"]] == [0.5, 0.0, 1.0]


def test_perplexity_is_logarithmic_and_leaves_out_what_is_unknown() -> None:
    unknown = POINTS.assign(monolingual_perplexity=math.nan)
    drawn = curve.perplexity_curve(unknown, unknown[:1])
    assert drawn.layout.yaxis.type == "log"
    assert len(drawn.data[3].x) == 0


def test_every_axis_has_a_title_and_every_figure_one() -> None:
    norms = pd.DataFrame({"layer": ["layer 1"], "change": [0.1], "kept": [0.05]})
    figures = [
        curve.f1_curve(POINTS, POINTS[:0]),
        curve.perplexity_curve(POINTS, POINTS[:0]),
        matrices.confusion(np.eye(2), ["a", "b"], "Confusion"),
        bars.layer_norms(norms),
        bars.class_f1({"base": {"a": 0.5}}),
        loss.loss_curves({"base, seed 0": [{"step": 1, "loss": 1.0}]}),
    ]
    for figure in figures:
        assert figure.layout.title.text
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text


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
