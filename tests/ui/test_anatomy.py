"""Task vectors taken apart on Explore: computed when unfolded, the same numbers as from Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.training.anatomy import anatomy
from codemix_lab.ui.anatomy import energy_by_layer
from codemix_lab.ui.figures import layers

Open = Callable[..., AppTest]
Until = Callable[[AppTest, Callable[[AppTest], bool]], AppTest]


def tables(at: AppTest, column: str) -> list[pd.DataFrame]:
    return [frame.value for frame in at.dataframe if column in frame.value]


def ready(at: AppTest) -> bool:
    return bool(tables(at, "piece"))


def folded(at: AppTest) -> bool:
    return any(fold.label == "What the task vectors are made of" for fold in at.expander)


def test_nothing_is_computed_before_it_is_unfolded(bench: dict[str, str], opened: Open, until: Until) -> None:
    at = until(opened("app.py", bench), folded)
    assert not tables(at, "piece") and not tables(at, "relative")


def test_two_sources_show_what_python_says(
    bench: dict[str, str], opened: Open, until: Until, make_adapted: Callable[..., Path]
) -> None:
    refs = [bench["adapted"], str(make_adapted(seed=2))]
    at = until(opened("app.py", {**bench, "adapted": refs, "anatomy": "true"}), ready)
    assert not at.exception and not at.error
    expected = anatomy(bench["base"], refs)
    own = expected.lengths[expected.lengths["adapted"] == refs[0]].drop(columns="adapted")
    pd.testing.assert_frame_equal(
        tables(at, "relative")[0].reset_index(drop=True), own.reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(tables(at, "conflicts")[0], expected.agreement)
    assert list(tables(at, "piece")[0]["piece"]) == list(expected.rows["piece"][:20])
    titles = [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]
    assert any(" moved furthest from the base: " in title.replace("<br>", " ") for title in titles)
    assert any(title.startswith("The two agree most in ") for title in titles)


def test_one_source_has_nothing_to_agree_with(bench: dict[str, str], opened: Open, until: Until) -> None:
    at = until(opened("app.py", {**bench, "anatomy": "true"}), ready)
    assert not tables(at, "conflicts")
    assert "Agreement" not in [tab.label for tab in at.tabs]


def test_energy_of_a_layer_weighs_its_modules_by_their_squares() -> None:
    lengths = pd.DataFrame(
        {
            "layer": ["layer 1", "layer 1", "layer 2"],
            "module": ["attention", "norms", "norms"],
            "norm": [3.0, 1.0, 0.0],
            "relative": [0.3, 0.1, 0.0],
            "energy_0.1": [0.5, 1.0, float("nan")],
        }
    )
    kept = energy_by_layer(lengths)
    assert kept.to_dict("records") == [{"layer": "layer 1", "density": 0.1, "energy": pytest.approx(0.55)}]
    assert [bar.name for bar in layers.moved(lengths).data] == ["attention", "norms"]
