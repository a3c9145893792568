"""Means over seeds and paired gains, against numbers made by hand and by scipy."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy import stats

from codemix_lab.experiments.seed_summary import COLUMNS, summary


def rows(**scores: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"start": start, "seed": seed, "split": "test", "macro_f1": value}
            for start, values in scores.items()
            for seed, value in enumerate(values)
        ]
    )


def test_gain_is_paired() -> None:
    a, b = [0.50, 0.60, 0.55, 0.70], [0.53, 0.62, 0.59, 0.72]
    table = summary(rows(a=a, b=b)).set_index("start")
    assert table.loc["b", "gain"] == pytest.approx(0.0275)
    interval = stats.ttest_rel(b, a).confidence_interval()
    assert (table.loc["b", "gain_low"], table.loc["b", "gain_high"]) == pytest.approx(tuple(interval))
    assert table.loc["b", "gain_low"] > 0
    assert table.loc["b", "low"] < table.loc["a", "mean"]


def test_one_seed_has_no_interval() -> None:
    table = summary(rows(a=[0.5], b=[0.7])).set_index("start")
    assert table.loc["b", "mean"] == 0.7 and table.loc["b", "gain"] == pytest.approx(0.2)
    assert math.isnan(table.loc["b", "low"]) and math.isnan(table.loc["b", "gain_low"])


def test_only_seeds_that_both_have_are_paired() -> None:
    table = summary(rows(a=[0.5], b=[0.7, 0.9])).set_index("start")
    assert table.loc["b", "n"] == 2 and table.loc["b", "gain"] == pytest.approx(0.2)
    disjoint = rows(a=[0.5], b=[0.7])
    disjoint.loc[1, "seed"] = 9
    assert summary(disjoint)["gain"].isna().all()


def test_nothing_to_summarise() -> None:
    nothing = pd.DataFrame(columns=["start", "seed", "split", "macro_f1"])
    assert summary(nothing).columns.tolist() == COLUMNS
