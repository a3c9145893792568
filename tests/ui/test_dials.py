"""The dials: made from the registry, restored from the URL, sensible for every number of sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.config import MergeMethod, MergeSpec, Schedule, TiesPreset, TrimScope
from codemix_lab.errors import SpecError
from codemix_lab.evaluation.shapes import untrimmed
from codemix_lab.experiments.jobs import JobQueue
from codemix_lab.ui.dials import Dialled
from codemix_lab.ui.merge_widgets import fitting
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.said import said

Open = Callable[..., AppTest]
Until = Callable[[AppTest, Callable[[AppTest], bool]], AppTest]
APP = "app.py"
ONE, TWO = ("a",), ("a", "b")

EVERYTHING = MergeSpec(
    "base",
    TWO,
    MergeMethod.TIES,
    0.8,
    0.2,
    TrimScope.LAYER,
    (1.0, -0.5),
    TiesPreset.PAPER,
    schedule=Schedule.LINEAR,
    depth=(0.25, 1.5),
    embeddings=0.0,
    attention=1.2,
    feed_forward=0.5,
    norms=2.0,
)


def panel(*adapted: str) -> None:
    """A page of dials alone, as Explore has them."""
    import streamlit as st

    from codemix_lab.ui import shell
    from codemix_lab.ui.dials import dials
    from codemix_lab.ui.picker import Bench

    with shell.told():
        st.code(dials(Bench("base", tuple(adapted), "task")).to_yaml())


def other_page() -> None:
    """A page that shows no dial."""
    from codemix_lab.ui.dials import carried

    carried()


def page(*adapted: str, query: dict[str, str] | None = None) -> AppTest:
    at = AppTest.from_function(panel, args=adapted)
    for name, value in (query or {}).items():
        at.query_params[name] = value
    return at.run()


def spec(at: AppTest) -> MergeSpec:
    assert not at.exception
    assert not at.error
    return MergeSpec.from_yaml(at.code[0].value)


def turn(at: AppTest, changes: dict[str, Any]) -> AppTest:
    """Turn dials one after the other, as a visitor would."""
    for key, value in changes.items():
        found = next(
            e
            for kind in ("slider", "selectbox", "number_input", "text_input")
            for e in at.get(kind)
            if e.key == key
        )
        found.set_value(value)
        at.run()
    return at


def seen(at: AppTest) -> set[str]:
    """Keys of the dials that are not hidden."""
    hidden = {
        e.key
        for block in carriers(at)
        for kind in ("slider", "selectbox", "number_input", "text_input")
        for e in block.get(kind)
    }
    return {
        e.key for kind in ("slider", "selectbox", "number_input", "text_input") for e in at.get(kind)
    } - hidden


def carriers(at: AppTest) -> list[Any]:
    """The parts of the page that its style does not show."""
    found, left = [], [at.main]
    while left:
        block = left.pop()
        if "carried-" in getattr(getattr(block, "proto", None), "id", ""):
            found.append(block)
        else:
            left += [child for child in getattr(block, "children", {}).values() if hasattr(child, "children")]
    return found


def test_the_simple_case_shows_a_method_and_a_fold() -> None:
    at = page(*ONE)
    assert spec(at) == MergeSpec("base", ONE)
    assert [e.label for e in at.expander] == ["More"]
    assert not at.expander[0].proto.expanded
    assert seen(at) == {"method", "schedule", "embeddings", "attention", "feed_forward", "norms"}


@pytest.mark.parametrize("adapted", [ONE, TWO], ids=["one source", "two sources"])
def test_every_method_that_fits_can_be_chosen_and_shows_what_it_reads(adapted: tuple[str, ...]) -> None:
    at = page(*adapted)
    assert at.selectbox(key="method").options == [method.label for method in fitting(len(adapted))]
    for method in fitting(len(adapted)):
        turn(at, {"method": method})
        assert spec(at) == MergeSpec("base", adapted, method)
        read = {*method.reads, *method.option_names} - {"density"}
        shown = seen(at)
        assert read <= shown
        unread = {name for m in MergeMethod for name in (*m.reads, *m.option_names)} - read
        assert not unread & shown


def test_weights_are_there_for_two_sources_only() -> None:
    assert not {"weight_1", "weight_2"} & seen(page(*ONE))
    at = page(*TWO)
    assert {"weight_1", "weight_2"} <= seen(at) and "weight_3" not in seen(at)
    assert (at.slider(key="weight_1").min, at.slider(key="weight_1").max) == (-1.0, 2.0)
    assert spec(turn(at, {"weight_2": -0.5})).weights == (1.0, -0.5)


def test_the_url_restores_everything_and_another_page_carries_it() -> None:
    address = {
        "method": "TIES",
        "scaling": "0.8",
        "density": "0.2",
        "scope": "each layer",
        "weight_2": "-0.5",
        "preset": "the TIES paper's code",
        "schedule": "linear",
        "depth_first": "0.25",
        "depth_last": "1.5",
        "embeddings": "0",
        "attention": "1.2",
        "feed_forward": "0.5",
        "norms": "2",
        "seed": "7",
        "outliers": "0.1",
        "depth": "1, 0.5",
    }
    assert spec(page(*TWO, query=address)) == EVERYTHING
    away = AppTest.from_function(other_page)
    for name, value in address.items():
        away.query_params[name] = value
    assert not away.run().exception
    assert set(away.query_params) == set(address)
    assert {away.slider(key=name).value for name in ("depth_first", "weight_2", "outliers")} == {
        0.25,
        -0.5,
        0.1,
    }
    assert (away.selectbox(key="method").value, away.number_input(key="seed").value) == (MergeMethod.TIES, 7)


def test_what_a_method_does_not_read_is_kept_for_the_next_one_that_does() -> None:
    at = turn(page(*ONE), {"method": MergeMethod.BREADCRUMBS, "outliers": 0.1, "density": 0.4})
    assert spec(at).options == (("outliers", 0.1),)
    assert spec(turn(at, {"method": MergeMethod.SLERP})) == MergeSpec("base", ONE, "slerp")
    assert spec(turn(at, {"method": MergeMethod.DARE, "seed": 7})) == MergeSpec(
        "base", ONE, "dare", density=0.4, seed=7
    )
    assert spec(turn(at, {"method": MergeMethod.BREADCRUMBS})).option("outliers") == 0.1


@pytest.mark.parametrize(
    ("schedule", "turned", "depth"),
    [
        (Schedule.LINES, {"depth_first": 0.3}, (0.3,)),
        (Schedule.FREE, {"depth": "0.5, 0.75 1"}, (0.5, 0.75, 1.0)),
    ],
)
def test_schedules_take_their_numbers(
    schedule: Schedule, turned: dict[str, Any], depth: tuple[float, ...]
) -> None:
    at = turn(page(*ONE), {"schedule": schedule} | turned)
    assert (spec(at).schedule, spec(at).depth) == (schedule, depth)
    assert any(f"schedule {schedule}" in caption.value.replace("\\", "") for caption in at.caption)


@pytest.mark.parametrize(
    ("adapted", "query", "told"),
    [
        (TWO, {"method": "SLERP"}, "slerp takes at most 1"),
        (ONE, {"method": "Model Stock"}, "model-stock takes at least 2"),
        (TWO, {"method": "Linear", "weight_1": "1", "weight_2": "-1"}, "add up to 0"),
        (ONE, {"schedule": "free"}, "one number for each layer"),
        (ONE, {"schedule": "free", "depth": "half"}, "is not understood"),
        (ONE, {"schedule": "free", "depth": "1, 9"}, "out of range"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(
    adapted: tuple[str, ...], query: dict[str, str], told: str
) -> None:
    at = page(*adapted, query=query)
    assert not at.exception
    assert told in at.error[0].value.replace("\\", "")
    assert {"method", "schedule"} <= seen(at)


def test_the_ends_of_any_merge_are_base_and_cpt() -> None:
    assert untrimmed(EVERYTHING, 0.0) == MergeSpec("base", TWO, scaling=0.0)
    assert untrimmed(MergeSpec("base", ONE, "breadcrumbs", options={"outliers": 0.2}), 1.0) == MergeSpec(
        "base", ONE, scaling=1.0
    )


def test_what_is_folded_away_is_said() -> None:
    assert said(EVERYTHING) == [
        "scope layer",
        "weights 1,-0.5",
        "preset paper",
        "schedule linear",
        "depth 0.25,1.5",
        "embeddings 0",
        "attention 1.2",
        "feed-forward 0.5",
        "norms 2",
    ]
    assert said(MergeSpec("base", ONE, "ties", 0.6, 0.2)) == []


@pytest.fixture
def second(make_adapted: Callable[..., Path]) -> str:
    return str(make_adapted(seed=2))


def test_explore_scores_a_merge_of_two_sources_and_its_two_ends(
    bench: dict[str, str], opened: Open, until: Until, second: str
) -> None:
    from tests.ui.test_explore import data

    both = {**bench, "adapted": [bench["adapted"], second], "method": "Model Stock", "weight_2": "0.5"}
    at = until(
        opened(APP, both), lambda at: bool(data(at) and data(at)["exact"] and data(at)["cpt"] is not None)
    )
    assert not at.exception and not at.error
    assert not data(at)["dials"]["density"]["active"]
    assert "Model Stock keeps every change" in data(at)["dials"]["density"]["hint"]


def test_explore_tells_how_many_layers_there_are(bench: dict[str, str], opened: Open, until: Until) -> None:
    at = until(opened(APP, {**bench, "schedule": "free", "depth": "1, 1, 0.5"}), lambda at: bool(at.error))
    assert not at.exception
    assert "the model has 2 layers" in at.error[0].value
    at.text_input(key="depth").set_value("1, 0.5").run()
    until(at, lambda at: bool(at.get("bidi_component")))
    assert not at.error


def test_fine_tuning_starts_from_what_is_dialled(
    bench: dict[str, str], opened: Open, queue: JobQueue, second: str
) -> None:
    query = {**bench, "adapted": [bench["adapted"], second], "starts": ["TIES", "Linear"], "weight_2": "-0.5"}
    at = opened("pages/2_Fine-tune.py", {**query, "preset": TiesPreset.PEFT.label, "density": "0.3"})
    assert (
        "Model Stock" in at.button_group(key="starts").options
        and "SLERP" not in at.button_group(key="starts").options
    )
    at.button(key="compare").click().run()
    assert not at.exception and not at.error
    asked = queue.list()[0].payload["starts"]
    assert list(asked) == [
        "TIES λ 0.60, density 0.30, weights 1,-0.5, preset peft",
        "Linear λ 0.60, weights 1,-0.5",
    ]
    assert MergeSpec.from_dict(asked["TIES λ 0.60, density 0.30, weights 1,-0.5, preset peft"]).density == 0.3


def test_a_free_schedule_of_the_wrong_length_is_told_before_anything_runs(tiny_encoder: Path) -> None:
    """The layers stand in config.json, so the page knows them without opening weights."""
    base = Bench(str(tiny_encoder), ONE, "task")
    dialled = Dialled(1.0, 1.0, None, TiesPreset.LAB, 0, (), Schedule.FREE, (1.0,) * 9, {}, {})
    with pytest.raises(SpecError, match="depth has 9 numbers, but the model has 2 layers"):
        dialled.merge(base, MergeMethod.TASK_ARITHMETIC)
