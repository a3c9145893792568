"""CPT duration on Explore: a third dial, and λ × steps as a surface."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.experiments.duration import duration_table
from codemix_lab.experiments.jobs import Job, JobState
from codemix_lab.ui.duration import SCALINGS

Open = Callable[..., AppTest]
Until = Callable[[AppTest, Callable[[AppTest], bool]], AppTest]


@pytest.fixture
def way(bench: dict[str, str], tiny_way: Path) -> dict[str, str]:
    return {**bench, "adapted": str(tiny_way)}


def test_the_surface_is_what_python_computes(
    way: dict[str, str], opened: Open, do_next: Callable[[], Job]
) -> None:
    at = opened("app.py", {**way, "duration": "true"})
    at.button(key="duration-start").click().run()
    assert do_next().state is JobState.DONE
    at.run()
    assert not at.exception and not at.error
    spec = MergeSpec(way["base"], (way["adapted"],))
    expected = duration_table(spec, TaskSpec(way["task"]), ProbeSpec(), SCALINGS)
    shown = next(frame.value for frame in at.dataframe if "steps" in frame.value)
    assert shown["macro_f1"].tolist() == pytest.approx(expected["macro_f1"].tolist())
    charts = [json.loads(one.proto.spec) for one in at.get("plotly_chart")]
    surface = next(one for one in charts if one["layout"]["yaxis"]["title"]["text"] == "CPT steps")
    assert surface["layout"]["yaxis"]["ticktext"] == ["2", "4"] and "Best at λ" in str(
        surface["layout"]["title"]
    )


def test_the_dial_puts_an_earlier_checkpoint_on_the_bench(
    way: dict[str, str], opened: Open, until: Until
) -> None:
    assert opened("app.py", way).select_slider(key="cpt_steps").value == 4
    at = until(opened("app.py", {**way, "cpt_steps": "2"}), lambda at: bool(at.button))
    assert at.select_slider(key="cpt_steps").value == 2
    at.session_state["copy this score"] = True
    assert any("step-0000002" in line.value for line in at.run().code)


def test_without_a_trajectory_there_is_no_dial(bench: dict[str, str], opened: Open) -> None:
    at = opened("app.py", {**bench, "duration": "true"})
    assert not [one for one in at.select_slider if one.key == "cpt_steps"]
    assert not [one for one in at.button if one.key == "duration-start"]
