"""The explorer: dials, numbers and charts; what it says when something on the bench is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab import paths
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.models.starter import names

Open = Callable[..., AppTest]
Until = Callable[[AppTest, Callable[[AppTest], bool]], AppTest]
APP = "app.py"


def finding(at: AppTest) -> str:
    return next((m.value for m in at.markdown if "dev sentences" in m.value), "")


def titles(at: AppTest) -> list[str]:
    return [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]


def everything(at: AppTest) -> bool:
    """Exact score, both ends and the whole curve are there."""
    return (
        "CPT" in finding(at) and any("held-out point" in c.value for c in at.caption) and len(titles(at)) == 4
    )


def test_the_explorer_shows_score_curve_confusion_and_layers(
    bench: dict[str, str], opened: Open, until: Until
) -> None:
    at = until(opened(APP, bench), everything)
    assert not at.exception
    assert not at.error
    assert finding(at).startswith("On 10 dev sentences, λ = 0.60 scores **")
    assert [m.label for m in at.metric] == [
        "Macro-F1 at λ = 0.60",
        "Macro-F1 of CPT, λ = 1",
        "Code-mixed perplexity",
        "Monolingual perplexity",
    ]
    assert "Dev macro-F1 over λ" in titles(at)
    assert "How far each layer moves from the base" in titles(at)


def test_the_dials_have_the_ranges_of_the_spec_and_move_the_numbers(
    bench: dict[str, str], opened: Open, until: Until
) -> None:
    at = until(opened(APP, bench), lambda at: bool(finding(at)))
    scaling, density = at.slider(key="scaling"), at.slider(key="density")
    assert (scaling.min, scaling.max, scaling.value) == (0.0, 1.5, 0.6)
    assert (density.min, density.max, density.disabled) == (0.01, 1.0, True)
    until(at, everything)
    before = at.metric[2].value
    at.slider(key="scaling").set_value(1.3).run()
    assert "λ = 1.30" in finding(at)
    assert at.metric[2].value != before
    until(at, lambda at: any("scored exactly" in c.value for c in at.caption))
    assert at.metric[0].label == "Macro-F1 at λ = 1.30"


def test_ties_opens_density_and_scope(bench: dict[str, str], opened: Open, until: Until) -> None:
    at = until(opened(APP, {**bench, "method": "TIES", "density": "0.3"}), lambda at: bool(finding(at)))
    assert not at.slider(key="density").disabled
    assert at.slider(key="density").value == 0.3
    assert at.radio(key="scope").value == "tensor"


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
    monkeypatch.setattr(names, "base_folder", lambda: tmp_path / "nothing")
    at = opened(APP, {})
    assert "not on this machine" in at.info[0].value
    at.button(key="fetch-starter").click().run()
    assert [job.kind for job in queue.list()] == ["starter"]
    assert not at.exception


def test_an_own_sentence_is_answered_by_base_merged_and_cpt(
    bench: dict[str, str], opened: Open, until: Until
) -> None:
    at = until(
        opened(APP, {**bench, "sentence": "yeh film $mast$ thi"}),
        lambda at: "Probability of each label" in titles(at),
    )
    assert any(m.value.startswith("base: **") and "CPT: **" in m.value for m in at.markdown)


def test_an_export_is_a_job_that_never_overwrites(
    bench: dict[str, str], opened: Open, until: Until, queue: JobQueue, do_next: Callable[[], Job]
) -> None:
    at = until(opened(APP, bench), lambda at: bool(finding(at)))
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
