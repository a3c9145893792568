"""The explorer: dials, numbers and charts; what it says when something on the bench is wrong."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from codemix_lab import paths
from codemix_lab.evaluation.score_grid import ScoreGrid
from codemix_lab.experiments.grids import COARSE, FINE
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.models.starter import names
from codemix_lab.ui import words
from codemix_lab.ui.desk import Desk

Open = Callable[..., AppTest]
Until = Callable[[AppTest, Callable[[AppTest], bool]], AppTest]
APP = "app.py"


def data(at: AppTest) -> dict[str, Any]:
    """What the instrument was given; empty while it is not there."""
    found = at.get("bidi_component")
    return json.loads(found[0].proto.json) if found else {}


def shown(at: AppTest) -> bool:
    return bool(data(at))


def everything(at: AppTest) -> bool:
    """Exact score, CPT, layers and the whole column are there."""
    given = data(at)
    return bool(
        given
        and given["exact"]
        and given["cpt"] is not None
        and given["layers"]
        and given["columns"]
        and given["columns"][0]["complete"]
    )


def test_the_instrument_gets_scores_confusion_layers_and_sentences(
    bench: dict[str, str], opened: Open, until: Until
) -> None:
    at = until(opened(APP, bench), everything)
    assert not at.exception
    assert not at.error
    given = data(at)
    assert len(given["texts"]) == len(given["gold"]) == 10
    assert given["labels"] == ["bad", "good"]
    column = given["columns"][0]
    nodes, sentences, labels = len(column["scalings"]), 10, 2
    assert len(base64.b64decode(column["text"])) == 2 * nodes * sentences * labels
    assert column["error"]["count"] >= 1 and 0 <= column["error"]["agreement"] <= 1
    assert all(len(pair) == 2 and min(pair) > 1 for pair in column["perplexities"])
    assert given["exact"]["low"] <= given["exact"]["high"]
    assert [row[0] for row in given["layers"]][:2] == ["embeddings", "layer 1"]


def test_every_chart_has_its_numbers(bench: dict[str, str], opened: Open, until: Until) -> None:
    at = until(opened(APP, {**bench, "numbers": "true"}), everything)
    tables = [frame.value for frame in at.dataframe]
    curve = next(table for table in tables if "macro_f1" in table)
    assert curve["exact"].sum() == len(data(at)["columns"][0]["scalings"])
    assert (curve["low"] <= curve["macro_f1"]).all()
    confusion = next(table for table in tables if "gold ↓ predicted →" in table)
    assert confusion[["bad", "good"]].to_numpy().sum() == 10
    assert len(next(table for table in tables if "text" in table)) == 10
    assert any("kept" in table for table in tables)


def test_the_dials_have_the_ranges_of_the_spec_and_what_is_let_go_is_scored(
    bench: dict[str, str], opened: Open, until: Until
) -> None:
    at = until(opened(APP, bench), everything)
    dials = data(at)["dials"]
    assert (dials["scaling"]["low"], dials["scaling"]["high"], dials["scaling"]["value"]) == (0.0, 1.5, 0.6)
    assert (dials["density"]["low"], dials["density"]["active"]) == (0.01, False)
    at.slider(key="scaling").set_value(1.3).run()
    assert data(at)["dials"]["scaling"]["value"] == 1.3
    until(at, lambda at: bool(data(at)["exact"]))
    assert data(at)["exact"]["scaling"] == 1.3


def test_a_second_visit_finds_the_grid_before_any_model_is_open(
    bench: dict[str, str], opened: Open, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(opened(APP, bench), everything)
    st.cache_resource.clear()
    monkeypatch.setattr(Desk, "_open", lambda *_: threading.Event().wait(5))
    at = opened(APP, bench)
    assert data(at)["columns"][0]["complete"]
    assert not at.exception


@pytest.mark.usefixtures("starter")
def test_the_first_picture_needs_no_large_library_and_the_second_look_loads_them(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from streamlit.testing.v1 import AppTest\n"
        "def loaded(): return {'torch', 'transformers', 'scipy.stats'} & set(sys.modules)\n"
        "at = AppTest.from_file(APP, default_timeout=60).run()\n"
        "assert at.get('bidi_component') and not at.exception\n"
        "time.sleep(0.5)\n"
        "import codemix_lab.experiments.copyable\n"
        "assert not loaded(), loaded()\n"
        "at.run()\n"
        "end = time.monotonic() + 60\n"
        "while not loaded() and time.monotonic() < end: time.sleep(0.05)\n"
        "assert loaded()\n"
        "import os; os._exit(0)\n"
    )
    script = tmp_path / "look.py"
    script.write_text(code.replace("APP", repr(str(Path(__file__).parents[2] / APP))))
    said = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-2000:]


def test_a_grid_of_another_scorer_is_thrown_away(
    bench: dict[str, str], opened: Open, until: Until, workspace: Path
) -> None:
    until(opened(APP, bench), everything)
    st.cache_resource.clear()
    (path,) = (workspace / "grids").glob("*.npz")
    kept = ScoreGrid.from_npz(path)
    replace(kept, fingerprint="another", texts=("x",) * 10).to_npz(path)
    at = until(opened(APP, bench), lambda at: everything(at) and data(at)["texts"][0] != "x")
    assert data(at)["texts"] == list(kept.texts)


def test_ties_fills_the_grid_from_the_dial_outwards(
    bench: dict[str, str], opened: Open, until: Until
) -> None:
    at = until(
        opened(APP, {**bench, "method": "TIES", "density": "0.3"}),
        lambda at: shown(at) and len(data(at)["columns"]) >= 2,
    )
    given = data(at)
    assert 0.3 in [column["density"] for column in given["columns"]]
    assert set(given["wanted"]) == {0.3, *COARSE, *FINE}
    assert given["dials"]["density"]["active"]


def test_ties_opens_density_and_scope(bench: dict[str, str], opened: Open, until: Until) -> None:
    at = until(opened(APP, {**bench, "method": "TIES", "density": "0.3"}), shown)
    assert data(at)["dials"]["density"]["value"] == 0.3
    assert at.selectbox(key="scope").value == "the method's own"


@pytest.mark.parametrize("junk", ["9", "-1", "much"])
def test_a_lambda_out_of_range_in_the_url_falls_back_to_the_default(
    junk: str, bench: dict[str, str], opened: Open
) -> None:
    at = opened(APP, {**bench, "scaling": junk})
    assert not at.exception
    assert at.slider(key="scaling").value == 0.6


def test_a_folder_that_is_no_model_is_told_in_a_sentence(
    bench: dict[str, str], opened: Open, until: Until, tmp_path: Path
) -> None:
    at = until(opened(APP, {**bench, "base": str(tmp_path)}), lambda at: bool(at.error))
    assert not at.exception
    assert "is no model" in at.error[0].value


def test_a_file_without_labels_is_told_in_a_sentence(
    bench: dict[str, str], opened: Open, until: Until, tmp_path: Path
) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("text\nyeh film mast thi\n", encoding="utf-8")
    at = until(opened(APP, {**bench, "task": str(path)}), lambda at: bool(at.error))
    assert not at.exception
    assert "label" in at.error[0].value


def test_without_an_adapted_checkpoint_it_says_what_to_choose(bench: dict[str, str], opened: Open) -> None:
    at = opened(APP, {**bench, "adapted": ""})
    assert "task vector" in at.info[0].value
    assert not at.exception


def test_without_the_starter_it_offers_to_fetch_it(
    opened: Open, queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "base_folder", lambda family="starter": tmp_path / "nothing")
    at = opened(APP, {})
    assert "not on this machine" in at.info[0].value
    at.button(key="fetch-starter").click().run()
    assert [job.kind for job in queue.list()] == ["starter"]
    assert not at.exception


def titles(at: AppTest) -> list[str]:
    return [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]


def test_an_own_sentence_is_answered_by_base_merged_and_cpt(
    bench: dict[str, str], opened: Open, until: Until
) -> None:
    at = until(
        opened(APP, {**bench, "sentence": "yeh film $mast$ thi"}),
        lambda at: any(" say" in title for title in titles(at)),
    )
    assert any(m.value.startswith("base: **") and "CPT: **" in m.value for m in at.markdown)


def test_an_export_is_a_job_that_never_overwrites(
    bench: dict[str, str], opened: Open, until: Until, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = until(opened(APP, bench), lambda at: bool(at.button))
    press = next(b for b in at.button if b.label == "Export this model")
    press.click().run()
    job = do_next()
    assert job.state is JobState.DONE
    folder = paths.workspace() / "exports" / "task-arithmetic-lambda-0.60"
    assert (folder / "model.safetensors").is_file()
    at.run()
    assert str(folder) in [code.value for code in at.code]
    next(b for b in at.button if b.label == "Export this model").click().run()
    assert "never overwritten" in at.error[0].value
    assert len(queue.list()) == 1


def test_a_bench_that_made_room_for_another_one_says_so(
    bench: dict[str, str], opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desk, "closed", True)
    at = opened(APP, bench)
    assert not at.exception
    assert words.MADE_ROOM in [caption.value for caption in at.caption]
